"""HTML to PDF in a child process with limits: `process` starts it, `child` is what runs there, without Django."""
