"""Chats: lists of messages, cut by whole turns."""
