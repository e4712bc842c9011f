internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeProcessControl

/// A directory of one run, for what its nodes share.
struct ScratchDirectory {
  let path: String
  /// The run's number in words.
  let run: String

  static func make(for root: Node) throws -> ScratchDirectory {
    let number = RunTag.read(of: root.pid)?.run ?? UInt32(root.pid)
    let run = String(number, radix: 16)
    let parent = FileManager.default.temporaryDirectory.path
    let path = "\(parent)/ptree-\(getuid())-\(run)"
    guard mkdir(path, 0o700) == 0 else {
      throw UsageError("\(path): \(String(cString: strerror(errno)))")
    }
    return ScratchDirectory(path: path, run: run)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
