internal import Glibc

/// The soft limit on file locks of a process, which marks its run; nil if there is no such process.
///
/// Tests look at all processes of the machine again and again. To read a file of each would take a
/// hundred times as long.
package func fileLocksLimit(of pid: Int32) -> UInt64? {
  var limit = rlimit()
  guard let prlimit else { return writtenLimit(of: pid) }
  if prlimit(pid, fileLocks, nil, &limit) == 0 { return UInt64(limit.rlim_cur) }
  // The kernel may not report it for another user's process, but has it in a file.
  return errno == EPERM ? writtenLimit(of: pid) : nil
}

/// Whether such a limit marks a fork server, which has no name of its own before it has run.
package func isForkServer(markedBy limit: UInt64) -> Bool {
  limit != .max && UInt32(truncatingIfNeeded: limit) == .max
}

private func writtenLimit(of pid: Int32) -> UInt64? {
  guard let file = fopen("/proc/\(pid)/limits", "re") else { return nil }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard text.hasPrefix("Max file locks") else { continue }
    return text.split(separator: " ").dropFirst(3).first.flatMap { UInt64($0) }
  }
  return nil
}

/// `RLIMIT_LOCKS`, which Swift's module of the C library leaves out.
private let fileLocks: Int32 = 10

private typealias Prlimit =
  @convention(c) (
    pid_t, Int32, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?
  ) -> Int32

/// An extension of GNU, which Swift's module of the C library leaves out.
private let prlimit = dlsym(nil, "prlimit").map { unsafeBitCast($0, to: Prlimit.self) }
