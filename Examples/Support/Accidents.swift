import Glibc

/// An index that the compiler does not see through.
var outOfBounds: Int { Int(getpid()) + 3 }

/// Reads where no memory is.
func readBadPointer() -> Int {
  UnsafePointer<Int>(bitPattern: 16)?.pointee ?? 0
}

/// Calls itself until the stack is used up; each call needs what the next one returns.
@inline(never)
func recurse(_ depth: Int) -> Int {
  guard depth > 0 else { return 0 }
  return withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { memory in
    memory[depth % 64] = depth
    return recurse(depth + 1) &+ memory[depth % 64]
  }
}

/// The crashes are wanted: they leave nothing behind in the working directory.
func leaveNoCoreFile() {
  var limit = rlimit(rlim_cur: 0, rlim_max: 0)
  setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
}
