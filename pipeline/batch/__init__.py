"""Many questions from a file: documents are compressed in processes beside each other, a server is asked in threads."""
