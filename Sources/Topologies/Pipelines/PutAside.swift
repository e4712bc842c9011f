internal import Glibc
internal import ProcessTreeTopologyFormat

/// How many records a pipeline has put aside, and where they are.
package struct PutAside: Sendable, Hashable {
  /// The address of the node.
  package let node: String
  package let count: Int
  package let file: String

  /// The account in a line for people.
  package var line: String {
    let records = count == 1 ? "1 record was" : "\(count) records were"
    return "\(node): \(records) put aside in \(Path.relative(file))"
  }
}

/// The account of all pipelines of a run: a file in the run's directory, in which each life of a
/// pipeline has an entry.
///
/// The kernel keeps it up to date, so that it is right also after a pipeline was killed.
struct PutAsideAccount: Sendable {
  let path: String

  /// - Parameter scratch: The run's scratch directory, beside which the account lies.
  init(scratch: String) { path = Path.directory(of: scratch) + "/aside" }

  /// The digits of the number that an entry begins with.
  private static var width: Int { 20 }

  private static func digits(_ count: Int) -> [UInt8] {
    let text = String(count)
    return Array((String(repeating: "0", count: max(0, width - text.count)) + text).utf8)
  }

  /// The entry of one life of a pipeline.
  final class Entry: Sendable {
    private let descriptor: Int32
    private let offset: off_t

    fileprivate init(_ descriptor: Int32, at offset: off_t) {
      (self.descriptor, self.offset) = (descriptor, offset)
    }

    deinit { close(descriptor) }

    func note(_ count: Int) {
      let digits = PutAsideAccount.digits(count)
      _ = pwrite(descriptor, digits, digits.count, offset)
    }
  }

  /// Begins an entry; a later one of the same node takes the place of those before it, as its file
  /// does.
  ///
  /// - Throws: `SystemRefusal` where there is no room for it.
  func begin(node: String, file: String) throws -> Entry {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
    guard descriptor >= 0 else { throw refusal(errno) }
    let text = Self.digits(0) + Array(node.utf8) + [0] + Array(file.utf8) + [0]
    let written = write(descriptor, text, text.count)
    let end = lseek(descriptor, 0, SEEK_CUR)
    guard written == text.count, end >= off_t(text.count),
      // A descriptor that appends would append the numbers too.
      fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_APPEND) == 0
    else {
      let number = errno
      close(descriptor)
      throw refusal(number)
    }
    return Entry(descriptor, at: end - off_t(text.count))
  }

  private func refusal(_ number: Int32) -> SystemRefusal {
    SystemRefusal(description: "\(path): \(String(cString: strerror(number)))")
  }

  /// What all pipelines have put aside so far, in the order of their addresses.
  var entries: [PutAside] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return Self.entries(in: bytes)
  }

  static func entries(in bytes: [UInt8]) -> [PutAside] {
    var last: [String: PutAside] = [:]
    let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
    for place in stride(from: 0, to: fields.count - 1, by: 2) {
      guard let count = Int(String(decoding: fields[place].prefix(width), as: UTF8.self)) else {
        continue
      }
      let node = String(decoding: fields[place].dropFirst(width), as: UTF8.self)
      last[node] = PutAside(
        node: node, count: count, file: String(decoding: fields[place + 1], as: UTF8.self))
    }
    return last.values.filter { $0.count > 0 }.sorted { $0.node < $1.node }
  }
}
