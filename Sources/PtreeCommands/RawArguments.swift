internal import Glibc

/// The arguments of the process as they were given; a path need not be UTF-8.
enum RawArguments {
  /// The bytes of an argument that was parsed as text, in which other bytes show as U+FFFD.
  static func bytes(of argument: String) -> [UInt8] {
    let given = (0..<Int(CommandLine.argc)).lazy.compactMap { CommandLine.unsafeArgv[$0] }
      .map { Array(UnsafeBufferPointer(start: $0, count: strlen($0))) }
      .map { $0.map { UInt8(bitPattern: $0) } }
    return given.first { String(decoding: $0, as: UTF8.self) == argument } ?? Array(argument.utf8)
  }
}
