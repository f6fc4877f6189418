"""What XLA makes of a kernel on a CPU, in outline: which arrays it has while it runs. Nothing is compiled.

The stages are those of XLA, and what it does in them was found by looking at what it made of some hundred kernels: `reading`
and the modules of its rules simplify operations as they are read, `fusion` joins those that pass over elements into loops, which
leaves nothing in memory between them, `order` puts what is left one after the other, and `buffers` gives each its place. Rules
that touch only small arrays are left out.
"""
