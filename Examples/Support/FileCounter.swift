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
  func note(_ failure: SystemFailure, at path: [UInt8]) {
    counts.unreadable += 1
    complain(path, failure)
  }

  /// Opens the directory at a place; nil, and noted, when it cannot be read.
  func open(_ place: Place) -> OpenDirectory? {
    attempt(at: { place.path }) { () throws(SystemFailure) in try place.open() }
  }

  /// Counts all files of a directory and below it.
  ///
  /// Directories on the way down stay open: a path may be longer than the kernel takes.
  func countTree(_ directory: OpenDirectory, at place: Place) throws {
    var stack = [directory]
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
      let path = { place.appending(entry.name).path }
      let opened = attempt(at: path) { () throws(SystemFailure) in
        try directory.openDirectory(entry.name)
      }
      guard let opened else { continue }
      stack.append(opened)
      place.names.append(entry.name)
    }
  }

  /// The next entry; nil at the end, and after a failure, which is noted.
  func next(in directory: OpenDirectory, at place: Place) -> OpenDirectory.Entry? {
    attempt(at: { place.path }) { () throws(SystemFailure) in try directory.next() } ?? nil
  }

  /// Counts an entry that is no directory: a regular file in full, anything else not at all.
  func count(_ entry: OpenDirectory.Entry, in directory: OpenDirectory, at place: Place) throws {
    if mustStop() { throw CancellationError() }
    let path = { place.appending(entry.name).path }
    switch entry.kind {
    case .other, .directory: return
    case .unknown(let failure): return note(failure, at: path())
    case .file: break
    }
    do throws(SystemFailure) {
      guard let file = try directory.openFile(entry.name) else { return }
      defer { close(file) }
      counts.files += 1
      try countContents(of: file)
    } catch {
      // It was there when the directory was read.
      if error.isAboutOpening { counts.files += 1 }
      note(error, at: path())
    }
    if counts.files % Self.filesPerReport == 0 { progress(counts.files) }
  }

  /// Counts what there is until the end, or until reading fails; that much counts.
  private func countContents(of file: Int32) throws(SystemFailure) {
    var counter = ByteCounter()
    defer {
      counter.end()
      counts.lines += counter.lines
      counts.words += counter.words
      counts.bytes += counter.bytes
    }
    while true {
      let length = read(file, buffer.baseAddress, buffer.count)
      guard length != 0 else { return }
      if length > 0 {
        counter.count(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
      } else if errno != EINTR {
        throw SystemFailure()
      }
    }
  }

  private func attempt<Success>(
    at path: () -> [UInt8], _ body: () throws(SystemFailure) -> Success
  ) -> Success? {
    do throws(SystemFailure) {
      return try body()
    } catch {
      note(error, at: path())
      return nil
    }
  }
}
