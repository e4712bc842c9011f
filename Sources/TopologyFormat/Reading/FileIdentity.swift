internal import Glibc

/// Which file a descriptor was opened for, whatever its path leads to later.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }
}

/// The bytes of a file, and the file's identity.
struct FileContents {
  var bytes: [UInt8]
  /// The file; nil for standard input, and for what a test gives.
  var identity: FileIdentity?
}
