import Foundation

/// A directory that goes with its owner, whatever is in it.
final class TemporaryDirectory {
  let path: String

  /// Makes a directory with a short path: sockets are to lie in it.
  init() throws {
    var template = Array("/tmp/ptree-e2e-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Foundation does not remove names that are not UTF-8 and paths that are too long.
    let remove = Process()
    remove.executableURL = URL(fileURLWithPath: "/bin/rm")
    remove.arguments = ["-rf", "--", path]
    try? remove.run()
    remove.waitUntilExit()
  }
}
