"""The isolation matrix: every address × role × method × way to name somebody else's row.

Nothing here lists addresses. They are read from the URLconf (`addresses`), what a page reads from its query and its
form is overheard while it answers (`caller`), and what an API takes is read from its serializers (`bodies`). A new
page, admin model or API endpoint is therefore called without being named; an address whose id the matrix cannot
guess fails and says which line to add.

Three organizations stand in the database of each worker (`universe`): alpha, whose people call, its twin with the
same codes and numbers, and a third. What only the others have is a canary.
"""
