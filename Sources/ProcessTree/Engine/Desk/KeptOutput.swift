internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeWire

/// Reads what nodes of a run have written from the files of the run's directory, without the root's help.
package enum KeptOutput {
  static let folder = "output"

  static func path(_ file: Int, in directory: String) -> String { "\(directory)/\(file)" }

  static func olderPath(_ file: Int, in directory: String) -> String { "\(directory)/\(file).old" }

  /// Calls a function with each piece that is kept in the directory of a run, in the order in which the root
  /// received them.
  ///
  /// - Parameters:
  ///   - numbers: The pieces that are meant.
  ///   - wants: Whether the output of an address is meant.
  package static func forEach(
    in run: String, _ numbers: Range<UInt64>, where wants: (String) -> Bool,
    _ body: (RunOutput) throws -> Void
  ) throws {
    let directory = "\(run)/\(folder)"
    let files = Files.numbers(in: directory).map { Int($0) }
    var readers = files.map { Reader($0, directory) }
    func advance(_ index: Int) {
      while true {
        readers[index].advance()
        guard let head = readers[index].head else { return }
        if numbers.contains(head.number), wants(head.address) { return }
      }
    }
    for index in readers.indices { advance(index) }
    while true {
      readers.removeAll { $0.head == nil }
      guard let first = readers.indices.min(by: { readers[$0].number < readers[$1].number }) else {
        return
      }
      // As long as it has the next one of all, the others need no look.
      let bound = readers.indices.filter { $0 != first }.map { readers[$0].number }.min() ?? .max
      while let head = readers[first].head, head.number <= bound {
        try body(head)
        advance(first)
      }
    }
  }

  /// The pieces of one owner, in their order.
  private struct Reader {
    private var files: [OpenFile]
    private var frames = DeskFrames()
    private(set) var head: RunOutput?

    var number: UInt64 { head?.number ?? .max }

    init(_ file: Int, _ directory: String) {
      // The newer one first: if it becomes the older one meanwhile, it is here twice, and nothing is missing.
      let newer = OpenFile(reading: KeptOutput.path(file, in: directory))
      let older = OpenFile(reading: KeptOutput.olderPath(file, in: directory))
      files = [newer, older].compactMap { $0 }
      if files.count == 2, files[0].inode == files[1].inode { files.removeLast() }
    }

    mutating func advance() {
      head = nil
      while let file = files.last {
        if let frame = try? frames.next() {
          head = try? RunOutput(packed: frame)
          if head != nil { return }
          continue
        }
        if let bytes = file.read(1 << 16) {
          frames.append(bytes)
        } else {
          files.removeLast()
          frames = DeskFrames()
        }
      }
    }
  }
}

/// A file that is open for reading.
private final class OpenFile {
  private let descriptor: Descriptor
  let inode: UInt64

  init?(reading path: String) {
    guard let file = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) else {
      return nil
    }
    var status = stat()
    inode = fstat(file.number, &status) == 0 ? UInt64(status.st_ino) : 0
    descriptor = file
  }

  /// The next bytes; nil at the end.
  func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    while true {
      let length = Glibc.read(descriptor.number, &bytes, count)
      if length < 0, errno == EINTR { continue }
      return length > 0 ? Array(bytes[..<length]) : nil
    }
  }
}

/// The last lines of pieces that come one after the other.
package struct LastLines {
  private let most: Int
  private var count = 0
  private var pieces: [RunOutput] = []
  private var first = 0

  package init(_ most: Int) { self.most = most }

  package mutating func add(_ output: RunOutput) {
    pieces.append(output)
    count += output.lineCount
    while first < pieces.count, count - pieces[first].lineCount >= most {
      count -= pieces[first].lineCount
      first += 1
    }
    if first > pieces.count / 2 {
      pieces.removeFirst(first)
      first = 0
    }
  }

  /// The pieces, without lines before the last ones.
  package var last: [RunOutput] {
    var rest = Array(pieces[first...])
    guard most > 0, let head = rest.first, count > most else { return most > 0 ? rest : [] }
    rest[0] = head.last(lines: head.lineCount - (count - most))
    return rest
  }
}
