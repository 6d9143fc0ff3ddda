"""Mail: single messages, mailboxes, and messages of Outlook."""
