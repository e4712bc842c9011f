import Glibc
import ProcessTreeBase

extension HostProcess {
  /// A text that two processes share whose program is the same file or a copy of it: the linker's
  /// build id, or else a hash of the file.
  package static func contentIdentity() -> String {
    guard let file = Descriptor(owning: open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) else {
      return "unknown"
    }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_size > 64 else { return "unknown" }
    let size = Int(status.st_size)
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), start != MAP_FAILED
    else { return "unknown" }
    let mapping = Mapping(owning: start, byteCount: size)
    let bytes = UnsafeRawBufferPointer(start: mapping.start, count: size)
    let identity = ProgramNotes(bytes: bytes).buildID ?? hash(of: bytes)
    return "\(identity)-\(String(size, radix: 16))"
  }

  /// FNV-1a over words: a copy that is spoilt, or another build, has another one.
  private static func hash(of bytes: UnsafeRawBufferPointer) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var offset = 0
    while offset + 8 <= bytes.count {
      hash =
        (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        &* 0x100_0000_01B3
      offset += 8
    }
    for byte in bytes[offset...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return "fnv" + String(hash, radix: 16)
  }
}

/// The notes in an ELF file of 64 bits; every number in the file is checked against its size.
struct ProgramNotes {
  let bytes: UnsafeRawBufferPointer

  private static let noteSegment: UInt32 = 4
  private static let buildIDNote: UInt32 = 3

  /// What the linker has noted as the file's identity; nil if it has not.
  var buildID: String? {
    guard read(0) == UInt32(0x464C_457F), read(4) == UInt8(2), read(5) == UInt8(1),
      let table: UInt64 = read(0x20), let size: UInt16 = read(0x36), let count: UInt16 = read(0x38)
    else { return nil }
    for index in 0..<Int(count) {
      guard let base = place(table, plus: index * Int(size)) else { return nil }
      guard read(base) == Self.noteSegment, let offset: UInt64 = read(base + 8),
        let length: UInt64 = read(base + 32), let start = place(offset, plus: 0),
        let end = place(offset, plus: Int(clamping: length))
      else { continue }
      if let found = buildID(in: start..<end) { return found }
    }
    return nil
  }

  private func buildID(in range: Range<Int>) -> String? {
    var at = range.lowerBound
    while at + 12 <= range.upperBound {
      guard let nameSize: UInt32 = read(at), let size: UInt32 = read(at + 4),
        let type: UInt32 = read(at + 8)
      else { return nil }
      let start = at + 12 + Self.padded(Int(nameSize))
      let end = start + Int(size)
      guard end <= range.upperBound else { return nil }
      if type == Self.buildIDNote, nameSize == 4, read(at + 12) == UInt32(0x0055_4E47) {
        return bytes[start..<end].map { byte in
          let text = String(byte, radix: 16)
          return byte < 16 ? "0" + text : text
        }.joined()
      }
      at = start + Self.padded(Int(size))
    }
    return nil
  }

  private static func padded(_ size: Int) -> Int { (size + 3) & ~3 }

  private func place(_ offset: UInt64, plus distance: Int) -> Int? {
    guard let offset = Int(exactly: offset), distance >= 0, offset <= bytes.count,
      distance <= bytes.count - offset
    else { return nil }
    return offset + distance
  }

  private func read<Value: FixedWidthInteger>(_ offset: Int) -> Value? {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<Value>.size else { return nil }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
