internal import Glibc

/// The soft limit on file locks of a process, which marks its run; nil if there is no such process.
///
/// Tests look at all processes of the machine again and again. To read a file of each would take a hundred
/// times as long.
package func fileLocksLimit(of pid: Int32) -> UInt64? {
  var limit = rlimit()
  guard let prlimit, prlimit(pid, fileLocks, nil, &limit) == 0 else { return nil }
  return UInt64(limit.rlim_cur)
}

/// `RLIMIT_LOCKS`, which Swift's module of the C library leaves out.
private let fileLocks: Int32 = 10

private typealias Prlimit =
  @convention(c) (
    pid_t, Int32, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?
  ) -> Int32

/// An extension of GNU, which Swift's module of the C library leaves out.
private let prlimit = dlsym(nil, "prlimit").map { unsafeBitCast($0, to: Prlimit.self) }
