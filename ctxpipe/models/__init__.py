"""Loads models and tokenizers: from the package, the cache, the Hub, the package index, and ONNX exports."""
