import Glibc

/// Counts files, those of one directory or of a whole tree, in one process.
///
/// What cannot be read is told, counted, and passed over.
final class FileCounter {
  private static let bufferSize = 512 << 10
  /// How many files are counted between two reports.
  private static let filesPerReport = 10_000

  private(set) var counts = Counts()
  /// Called now and then with the number of files so far.
  var progress: (_ files: Int) -> Void = { _ in }
  /// Called with what could not be read, and why.
  private let complain: (_ path: [UInt8], SystemFailure) -> Void
  /// Asked between two buffers; true ends the work with a `CancellationError`.
  private let mustStop: () -> Bool
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: bufferSize, alignment: 4_096)

  init(
    mustStop: @escaping () -> Bool,
    complain: @escaping (_ path: [UInt8], SystemFailure) -> Void
  ) {
    self.mustStop = mustStop
    self.complain = complain
  }

  deinit {
    buffer.deallocate()
  }

  /// Notes something that could not be read.
  private func note(_ failure: SystemFailure, at path: [UInt8]) {
    counts.unreadable += 1
    complain(path, failure)
  }

  /// Counts the files that are directly in a directory.
  func countFiles(of place: Place) throws -> Counts {
    guard let directory = open(place) else { return counts }
    while let entry = next(in: directory, at: place) {
      try count(entry, in: directory, at: place)
    }
    return counts
  }

  /// Counts all files of a directory and below it.
  ///
  /// Directories on the way down stay open: a path may be longer than the kernel takes.
  func countTree(at place: Place) throws -> Counts {
    var stack = open(place).map { [$0] } ?? []
    var place = place
    while let directory = stack.last {
      guard let entry = next(in: directory, at: place) else {
        stack.removeLast()
        if !stack.isEmpty { place.names.removeLast() }
        continue
      }
      guard case .directory = entry.kind else {
        try count(entry, in: directory, at: place)
        continue
      }
      let opened = attempt(at: place.appending(entry.name).path) { () throws(SystemFailure) in
        try directory.openDirectory(entry.name)
      }
      guard let opened else { continue }
      stack.append(opened)
      place.names.append(entry.name)
    }
    return counts
  }

  /// Opens the directory at a place; nil, and noted, when it cannot be read.
  private func open(_ place: Place) -> OpenDirectory? {
    attempt(at: place.path) { () throws(SystemFailure) in try place.open() }
  }

  /// The next entry; nil at the end, and after a failure, which is noted.
  private func next(in directory: OpenDirectory, at place: Place) -> OpenDirectory.Entry? {
    attempt(at: place.path) { () throws(SystemFailure) in try directory.next() } ?? nil
  }

  /// Counts an entry that is no directory: a regular file in full, anything else not at all.
  private func count(
    _ entry: OpenDirectory.Entry, in directory: OpenDirectory, at place: Place
  ) throws {
    let path = { place.appending(entry.name).path }
    switch entry.kind {
    case .other, .directory: return
    case .unknown(let failure): return note(failure, at: path())
    case .file: break
    }
    let opened = attempt(at: path()) { () throws(SystemFailure) in
      try directory.openFile(entry.name)
    }
    // Something else may have taken its place since the directory was read.
    if let opened, opened == nil { return }
    counts.files += 1
    if counts.files % Self.filesPerReport == 0 { progress(counts.files) }
    guard let file = opened ?? nil else { return }
    defer { close(file) }
    try countContents(of: file, path)
  }

  /// Counts what there is until the end, or until reading fails; that much counts.
  private func countContents(of file: Int32, _ path: () -> [UInt8]) throws {
    var counter = ByteCounter()
    defer {
      counts.lines += counter.lines
      counts.words += counter.words
      counts.bytes += counter.bytes
    }
    while true {
      if mustStop() { throw CancellationError() }
      let length = read(file, buffer.baseAddress, buffer.count)
      guard length != 0 else { return }
      if length > 0 {
        counter.count(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
      } else if errno != EINTR {
        return note(SystemFailure(), at: path())
      }
    }
  }

  private func attempt<Success>(
    at path: @autoclosure () -> [UInt8], _ body: () throws(SystemFailure) -> Success
  ) -> Success? {
    do throws(SystemFailure) {
      return try body()
    } catch {
      note(error, at: path())
      return nil
    }
  }
}
