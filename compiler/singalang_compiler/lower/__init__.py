"""From a placed net to exported kernels: with the library's array modules, the only compiler code that imports JAX."""
