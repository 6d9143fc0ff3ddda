"""Questions with known answers: generated tasks, files, sets on the Hub."""
