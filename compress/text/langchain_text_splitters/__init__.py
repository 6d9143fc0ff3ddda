"""The text splitters of LangChain, version 1.1.3 (MIT, beside this file), copied by ``scripts/bundle_splitters.py``.

Their package would bring langchain-core and langsmith, of which they use the two classes in ``documents``.
"""
