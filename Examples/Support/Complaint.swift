import Glibc

/// Reports on standard error that a file or directory cannot be read.
func complainOfFile(_ example: String, _ path: [UInt8], _ failure: SystemFailure) {
  var line = Array("\(example): \(visibleText(path)): \(failure)\n".utf8)
  // One call, so that the lines of two threads do not mix.
  _ = write(STDERR_FILENO, &line, line.count)
}
