"""Requests to servers: addresses, keys, retries, deadlines and their failures in our words. Shared by the folders."""
