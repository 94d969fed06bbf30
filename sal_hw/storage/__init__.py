"""How plain data stands on disk: documents, arrays, folders with a manifest."""
