internal import Glibc

/// The threads of this process.
package enum Threads {
  /// How many there are; 0 if `/proc` cannot be read.
  package static func count() -> Int {
    var status = stat()
    // Each thread is one link of the directory, in addition to the directory's own two.
    return stat("/proc/self/task", &status) == 0 ? Int(status.st_nlink) &- 2 : 0
  }
}
