import Glibc
import ProcessTreeBase

/// The functions of an executable by their addresses, from its symbol table.
///
/// The dynamic loader knows only those that the executable exports, which are none of a Swift
/// program's. It reads ELF files of 64 bits; every number in the file is checked against its size.
package struct ExecutableSymbols: ~Copyable {
  private let mapping: Mapping
  private var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: mapping.start, count: mapping.byteCount)
  }

  /// Maps the file; nil if it cannot be read or has no symbol table.
  package init?(path: String) {
    guard let file = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC)) else { return nil }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_size > 64 else { return nil }
    let size = Int(status.st_size)
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), start != MAP_FAILED
    else { return nil }
    mapping = Mapping(owning: start, byteCount: size)
  }

  /// The functions in which addresses are, as offsets from where the file is loaded, with the
  /// distance from the beginning of each.
  package func functions(at addresses: Set<UInt64>) -> [UInt64: (name: String, offset: UInt64)] {
    let sorted = addresses.sorted()
    var found: [UInt64: (name: String, offset: UInt64)] = [:]
    guard !sorted.isEmpty, let table = symbolTable else { return found }
    for entry in stride(from: table.symbols.lowerBound, to: table.symbols.upperBound - 23, by: 24) {
      guard let info: UInt8 = read(entry + 4), info & 15 == 2,
        let value: UInt64 = read(entry + 8), let size: UInt64 = read(entry + 16)
      else { continue }
      let end = value &+ size
      var index = Self.firstIndex(from: value, in: sorted)
      while index < sorted.count, sorted[index] < end {
        if let name: UInt32 = read(entry), let text = text(table.names, Int(name)) {
          found[sorted[index]] = (text, sorted[index] - value)
        }
        index += 1
      }
    }
    return found
  }

  /// The place of the first address that is not below a value.
  private static func firstIndex(from value: UInt64, in sorted: [UInt64]) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private var symbolTable: (symbols: Range<Int>, names: Range<Int>)? {
    guard read(0) == UInt32(0x464C_457F), read(4) == UInt8(2), read(5) == UInt8(1),
      let sections: UInt64 = read(0x28), let size: UInt16 = read(0x3A),
      let count: UInt16 = read(0x3C)
    else { return nil }
    func header(_ number: Int) -> Int? {
      number < Int(count) ? Int(exactly: sections).map { $0 &+ number * Int(size) } : nil
    }
    func range(_ header: Int) -> Range<Int>? {
      guard let offset: UInt64 = read(header + 0x18), let length: UInt64 = read(header + 0x20),
        offset <= bytes.count, length <= UInt64(bytes.count) - offset
      else { return nil }
      return Int(offset)..<Int(offset + length)
    }
    for number in 0..<Int(count) {
      guard let at = header(number), read(at + 4) == UInt32(2), let link: UInt32 = read(at + 0x28),
        let names = header(Int(link)).flatMap(range), let symbols = range(at)
      else { continue }
      return (symbols, names)
    }
    return nil
  }

  private func read<Number: FixedWidthInteger>(_ offset: Int) -> Number? {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<Number>.size else { return nil }
    return bytes.loadUnaligned(fromByteOffset: offset, as: Number.self).littleEndian
  }

  /// The longest name that is read.
  private static let longestName = 4_096

  private func text(_ names: Range<Int>, _ offset: Int) -> String? {
    guard offset >= 0, offset < names.count else { return nil }
    let rest = bytes[(names.lowerBound + offset)..<names.upperBound].prefix(Self.longestName)
    return String(decoding: rest.prefix { $0 != 0 }, as: UTF8.self)
  }
}
