@preconcurrency internal import Glibc

/// Buffers standard output by lines: a pipe would be fully buffered, and a crash would lose it.
func lineBufferStandardOutput() {
  setvbuf(stdout, nil, _IOLBF, 0)
}
