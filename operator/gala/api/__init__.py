"""The four kinds of gala.dev as models, their validation, and the CRDs rendered from them."""
