internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Reads what nodes of a run have written from the files of the run's directory, without the root's
/// help.
package enum KeptOutput {
  static let folder = "output"

  static func path(_ file: Int, in directory: String) -> String { "\(directory)/\(file)" }

  static func olderPath(_ file: Int, in directory: String) -> String { "\(directory)/\(file).old" }

  /// Calls a function with each piece that is kept in the directory of a run, in the order in which
  /// the root received them.
  ///
  /// - Parameters:
  ///   - user: The user of the run, to whom the files have to belong.
  ///   - numbers: The pieces that are meant.
  ///   - wants: Whether the output of an address is meant.
  /// - Throws: An error for a file that cannot be opened, and what the function throws.
  package static func forEach(
    in run: String, of user: UInt32, _ numbers: Range<UInt64>, where wants: (String) -> Bool,
    _ body: (RunOutput) throws -> Void
  ) throws {
    let directory = "\(run)/\(folder)"
    // Owners that have written at the same time have all their files open, two each.
    _ = try? Descriptors.raiseLimit()
    var readers: [Reader] = []
    func advance(_ index: Int) {
      while true {
        readers[index].advance()
        guard let head = readers[index].head else { return }
        if numbers.contains(head.number), wants(head.address) { return }
      }
    }
    var waiting = try owners(in: directory, user)
    while true {
      readers.removeAll { $0.head == nil }
      while let next = waiting.last, readers.allSatisfy({ next.start <= $0.number }) {
        waiting.removeLast()
        readers.append(try Reader(next.file, directory, user))
        advance(readers.count - 1)
        if readers.last?.head == nil { readers.removeLast() }
      }
      guard let first = readers.indices.min(by: { readers[$0].number < readers[$1].number }) else {
        return
      }
      // As long as it has the next one of all, the others need no look.
      let others = readers.indices.filter { $0 != first }.map { readers[$0].number }.min() ?? .max
      let bound = min(others, waiting.last?.start ?? .max)
      while let head = readers[first].head, head.number <= bound {
        try body(head)
        advance(first)
      }
    }
  }

  /// The numbers of the files with those of their first pieces, the first one last.
  ///
  /// A file that is just becoming the older one is there under that name alone.
  private static func owners(
    in directory: String, _ user: UInt32
  ) throws -> [(file: Int, start: UInt64)] {
    let files = Files.names(in: directory).compactMap { name in
      Int(name.hasSuffix(".old") ? String(name.dropLast(".old".count)) : name)
    }
    return try Set(files).map { file in
      var reader = try Reader(file, directory, user)
      reader.advance()
      return (file, reader.number)
    }.sorted { $0.start > $1.start }
  }

  /// The pieces of one owner, in their order.
  private struct Reader {
    private var files: [OpenFile]
    private var frames = DeskFrames()
    private(set) var head: RunOutput?

    var number: UInt64 { head?.number ?? .max }

    init(_ file: Int, _ directory: String, _ user: UInt32) throws(Files.Refusal) {
      // The newer one first: if it becomes the older one meanwhile, it is here twice, and nothing
      // is missing.
      let newer = try OpenFile(reading: KeptOutput.path(file, in: directory), of: user)
      let older = try OpenFile(reading: KeptOutput.olderPath(file, in: directory), of: user)
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

  /// Opens a file; nil if there is none.
  init?(reading path: String, of user: UInt32) throws(Files.Refusal) {
    let file: Descriptor
    do throws(Files.Refusal) {
      file = try Files.open(path, ownedBy: user)
    } catch {
      guard error.code == ENOENT else { throw error }
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
