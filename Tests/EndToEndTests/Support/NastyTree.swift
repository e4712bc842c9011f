import Foundation
import Testing

/// A directory full of what programs that walk directories stumble over.
struct NastyTree {
  let directory: TemporaryDirectory

  var path: String { directory.path }

  init() throws {
    directory = try TemporaryDirectory()
    let root = open(directory.path, O_RDONLY | O_DIRECTORY)
    defer { close(root) }
    try Self.addOddNames(to: root)
    try Self.addOddContents(to: root)
    try Self.addWhatIsNoFile(to: root)
    try Self.addDepth(to: root)
  }

  private static func addOddNames(to root: Int32) throws {
    let names: [[UInt8]] = [
      Array("with space".utf8), Array("with\nnewline".utf8), Array("-rf".utf8), Array("--".utf8),
      Array("*?[".utf8), Array("\"quoted\"".utf8), Array("back\\slash".utf8), [0x01, 0x1B, 0x7F],
      [0xFF, 0xFE, 0x80], Array("größe €".utf8), [UInt8](repeating: 0x78, count: 255),
    ]
    for name in names {
      let below = try directory(name, in: root)
      for file in names { try write("one two\nthree", to: file, in: below) }
      close(below)
    }
  }

  private static func addOddContents(to root: Int32) throws {
    let below = try directory(Array("contents".utf8), in: root)
    defer { close(below) }
    try write("", to: Array("empty".utf8), in: below)
    try write("no end of line", to: Array("unended".utf8), in: below)
    try write("\n\n \t\u{0B}\u{0C}\r\n", to: Array("white".utf8), in: below)
    try write((0...255).map { UInt8($0) }, to: Array("all".utf8), in: below)
    try write((0..<65_536).map { UInt8($0 & 1 == 0 ? $0 >> 8 : 0x61) }, to: [0x70], in: below)
    // Words and lines lie across the borders of any buffer.
    try write(try randomBytes(1_100_001), to: Array("random".utf8), in: below)
    try write([UInt8](repeating: 0x61, count: 1_500_000), to: Array("word".utf8), in: below)
    _ = try directory(Array("empty directory".utf8), in: below)
  }

  private static func randomBytes(_ count: Int) throws -> [UInt8] {
    let source = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
    return Array(try #require(try source.read(upToCount: count)))
  }

  private static func addWhatIsNoFile(to root: Int32) throws {
    let below = try directory(Array("other".utf8), in: root)
    defer { close(below) }
    #expect(mkfifoat(below, "fifo", 0o600) == 0)
    #expect(symlinkat("/usr/include", below, "link to a directory") == 0)
    #expect(symlinkat("../contents/all", below, "link to a file") == 0)
    #expect(symlinkat("nowhere", below, "broken link") == 0)
    #expect(symlinkat(".", below, "loop") == 0)
    #expect(linkat(root, "contents/all", below, "hard link", 0) == 0)
  }

  /// Deeper than the longest path that the kernel takes at once.
  private static func addDepth(to root: Int32) throws {
    var current = dup(root)
    for level in 0..<400 {
      let below = try directory(Array("level-\(level)-of-the-well".utf8), in: current)
      close(current)
      current = below
      if level % 50 == 0 { try write("level \(level)\n", to: Array("file".utf8), in: current) }
    }
    try write("the ground\n", to: Array("ground".utf8), in: current)
    close(current)
  }

  private static func directory(_ name: [UInt8], in parent: Int32) throws -> Int32 {
    let name = name.map { CChar(bitPattern: $0) } + [0]
    try #require(mkdirat(parent, name, 0o755) == 0)
    let made = openat(parent, name, O_RDONLY | O_DIRECTORY)
    try #require(made >= 0)
    return made
  }

  private static func write(_ text: String, to name: [UInt8], in parent: Int32) throws {
    try write(Array(text.utf8), to: name, in: parent)
  }

  private static func write(_ bytes: [UInt8], to name: [UInt8], in parent: Int32) throws {
    let file = openat(parent, name.map { CChar(bitPattern: $0) } + [0], O_WRONLY | O_CREAT, 0o644)
    try #require(file >= 0)
    let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    try handle.write(contentsOf: Data(bytes))
  }
}
