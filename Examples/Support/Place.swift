import Glibc

/// A directory of the tree that is counted: the one that was given, and names from there down.
///
/// Names are bytes: a file name is anything without a slash and a zero, UTF-8 or not.
struct Place: Hashable, Sendable, Codable {
  var base: [UInt8]
  var names: [[UInt8]] = []

  func appending(_ name: [UInt8]) -> Self { Self(base: base, names: names + [name]) }

  /// The whole path, as `find` prints it.
  var path: [UInt8] {
    var path = base
    for name in names {
      if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
      path += name
    }
    return path
  }

  /// The directory's own name as that of a node; nil where it has none that can be shown.
  var nodeName: String? {
    let name = names.last.map { $0[...] } ?? base.split(separator: UInt8(ascii: "/")).last ?? []
    var text = visibleText(name)
    while text.utf8.count > Self.longestNodeName { text.removeLast() }
    return text.isEmpty ? nil : text
  }

  private static let longestNodeName = 64

  /// Opens the directory.
  ///
  /// Step by step from the base: a path may be longer than the kernel takes at once, and no name
  /// below the base is followed when it has become a link meanwhile. The base itself is followed.
  func open() throws(SystemFailure) -> OpenDirectory {
    var opened = try Self.openStep(AT_FDCWD, base, flags: names.isEmpty ? 0 : Self.pathOnly)
    for (index, name) in names.enumerated() {
      let above = opened
      defer { close(above) }
      let isLast = index == names.count - 1
      opened = try Self.openStep(above, name, flags: O_NOFOLLOW | (isLast ? 0 : Self.pathOnly))
    }
    return try OpenDirectory(descriptor: opened)
  }

  /// `O_PATH`, which the C library's module hides: to pass through a directory, not to read it.
  private static let pathOnly: Int32 = 0o10_000_000

  private static func openStep(
    _ directory: Int32, _ name: [UInt8], flags: Int32
  ) throws(SystemFailure) -> Int32 {
    let made = openat(directory, cString(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags)
    guard made >= 0 else { throw SystemFailure() }
    return made
  }
}

/// A name as the C library takes it.
func cString(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

/// What the operating system refused, by its number.
struct SystemFailure: Error, Codable, CustomStringConvertible {
  let number: Int32

  init(_ number: Int32 = errno) {
    self.number = number
  }

  var description: String { String(cString: strerror(number)) }
}
