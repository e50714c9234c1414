"""The project: settings, URLs, the queue's application and the machine everything runs on.

Business code lives in ``apps``; nothing there imports this package.
"""
