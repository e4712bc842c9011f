import Foundation
import ProcessTreeMessagePack

/// Python's `msgpack` package as a second opinion.
///
/// One process unpacks many values. For each it answers with a description, which
/// ``describe(_:)`` makes of our values alike, and with the value packed again.
struct PythonMessagePack {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  struct Answer {
    let description: String
    let repacked: [UInt8]
  }

  /// Where the package is if it had to be installed.
  private let packages: URL?

  /// Finds the package, or installs it for this run; throws if neither is possible.
  init() throws {
    if try Self.run(["-c", "import msgpack"], packages: nil).status == 0 {
      packages = nil
      return
    }
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("messagepack-tests-\(UUID().uuidString)")
    let install = [
      "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", directory.path,
      "msgpack",
    ]
    guard try Self.run(install, packages: nil).status == 0 else {
      throw Missing(description: "python3 has no msgpack, and installing it failed")
    }
    packages = directory
  }

  /// Removes what was installed.
  func remove() {
    guard let packages else { return }
    try? FileManager.default.removeItem(at: packages)
  }

  /// Has all values unpacked, described and packed again.
  func answers(_ values: [[UInt8]]) throws -> [Answer] {
    var input: [UInt8] = []
    for value in values {
      input += withUnsafeBytes(of: UInt32(value.count).bigEndian) { [UInt8]($0) } + value
    }
    let (status, output) = try Self.run(["-c", Self.script], packages: packages, input: input)
    guard status == 0 else { throw Missing(description: "python3 ended with \(status)") }
    var rest = output[...]
    func next() throws -> ArraySlice<UInt8> {
      guard rest.count >= 4 else { throw Missing(description: "python3 answered too little") }
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let bytes = rest.dropFirst(4).prefix(length)
      rest = rest.dropFirst(4 + length)
      return bytes
    }
    return try values.map { _ in
      Answer(
        description: String(decoding: try next(), as: UTF8.self), repacked: [UInt8](try next()))
    }
  }

  private static func run(
    _ arguments: [String], packages: URL?, input: [UInt8] = []
  ) throws -> (status: Int32, output: [UInt8]) {
    // Input from a file, so that neither side waits for the other with a full pipe.
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("messagepack-input-\(UUID().uuidString)")
    try Data(input).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    if let packages {
      process.environment = ProcessInfo.processInfo.environment
        .merging(["PYTHONPATH": packages.path]) { $1 }
    }
    let output = Pipe()
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    try process.run()
    let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    return (process.terminationStatus, bytes)
  }

  /// A value as the script writes it; numbers of single precision count as double.
  static func describe(_ value: MessagePackValue) -> String {
    func hex(_ bytes: some Sequence<UInt8>) -> String {
      let digits = [UInt8]("0123456789abcdef".utf8)
      var text: [UInt8] = []
      for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      }
      return String(decoding: text, as: UTF8.self)
    }
    func double(_ value: Double) -> String {
      "f" + String(value.bitPattern, radix: 16)
    }
    switch value {
    case .nil: return "n"
    case .bool(let value): return value ? "T" : "F"
    case .int(let value): return "i\(value)"
    case .uint(let value): return "i\(value)"
    case .float(let value): return double(Double(value))
    case .double(let value): return double(value)
    case .string(let value): return "s" + hex(value.utf8)
    case .binary(let bytes): return "b" + hex(bytes)
    case .extension(let type, let bytes): return "x\(type):" + hex(bytes)
    case .array(let elements): return "[" + elements.map(describe).joined(separator: ",") + "]"
    case .map(let entries):
      return "{"
        + entries.map { describe($0.key) + "=" + describe($0.value) }
        .joined(separator: ",") + "}"
    }
  }

  private static let script = """
    import msgpack, struct, sys

    def describe(v):
        if v is None: return "n"
        if v is True: return "T"
        if v is False: return "F"
        if isinstance(v, int): return "i%d" % v
        if isinstance(v, float): return "f%x" % struct.unpack(">Q", struct.pack(">d", v))
        if isinstance(v, str): return "s" + v.encode().hex()
        if isinstance(v, bytes): return "b" + v.hex()
        if isinstance(v, msgpack.ExtType): return "x%d:%s" % (v.code, v.data.hex())
        if isinstance(v, list): return "[" + ",".join(map(describe, v)) + "]"
        return "{" + ",".join(describe(k) + "=" + describe(e) for k, e in v.items()) + "}"

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        head = source.read(4)
        if not head: break
        value = msgpack.unpackb(source.read(struct.unpack(">I", head)[0]), strict_map_key=False)
        for part in describe(value).encode(), msgpack.packb(value):
            sink.write(struct.pack(">I", len(part)) + part)
    """
}
