"""What a program uses of a chip, as a document, as tables and as pictures."""
