"""The target model: engines that answer. Knows nothing of compression."""

if __name__ == "serving":
    raise ImportError("import ctxpipe.serving")
