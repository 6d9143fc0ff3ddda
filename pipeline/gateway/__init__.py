"""A gateway in front of an OpenAI-compatible server: prompts that do not fit its window are made to."""
