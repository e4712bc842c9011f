import Glibc

/// An index that the compiler does not see through.
var outOfBounds: Int { Int(getpid()) + 3 }

/// Reads where no memory is.
func readBadPointer() -> Int {
  UnsafePointer<Int>(bitPattern: 16)?.pointee ?? 0
}

/// Calls itself until the stack is used up.
///
/// Each call hands memory of its own frame on, so that no compiler makes a loop of it.
@inline(never)
func recurse(_ depth: Int, _ above: UnsafePointer<Int>? = nil) -> Int {
  guard depth > 0 else { return 0 }
  var here = depth &+ (above?.pointee ?? 0)
  return withUnsafeMutablePointer(to: &here) { here in
    recurse(depth + 1, here) &+ here.pointee
  }
}

/// The crashes are wanted: they leave nothing behind in the working directory.
func leaveNoCoreFile() {
  var limit = rlimit(rlim_cur: 0, rlim_max: 0)
  setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
}
