@preconcurrency internal import Glibc

/// Into a pipe, standard output would be buffered in full, and a crash would lose all of it.
func lineBufferStandardOutput() {
  setvbuf(stdout, nil, _IOLBF, 0)
}
