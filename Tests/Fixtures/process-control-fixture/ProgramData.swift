import Glibc

/// A variable among the data of the program.
enum ProgramData {
  nonisolated(unsafe) static var number = 1

  /// Its value, and whether it is in a file of memory.
  static var account: String {
    let place = withUnsafePointer(to: &number) { UInt(bitPattern: $0) }
    let mapping = text(of: "/proc/self/maps").split(separator: "\n").first { line in
      let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      return ends.count == 2 && ends[0] <= place && place < ends[1]
    }
    return "\(number) \(mapping?.contains("/memfd:process-tree") == true)"
  }
}
