"""Questions with known answers: files, the Hub, generated sets."""
