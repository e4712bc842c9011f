import Glibc

/// Counts files, those of one directory or of a whole tree, in one process.
///
/// A file that cannot be read is reported, counted and skipped.
final class FileCounter {
  private static let bufferSize = 512 << 10
  /// How many files are counted between two reports.
  private static let filesPerReport = 1_000

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

  /// Counts the files that are directly in a directory.
  func countFiles(of place: Place) throws -> Counts { try count(place, isDeep: false) }

  /// Counts all files of a directory and below it.
  func countTree(at place: Place) throws -> Counts { try count(place, isDeep: true) }

  private func count(_ place: Place, isDeep: Bool) throws -> Counts {
    let walk = FileWalk(at: place, isDeep: isDeep) { [unowned self] in note($1, at: $0) }
    while let file = walk.next() {
      counts.files += 1
      if counts.files % Self.filesPerReport == 0 { progress(counts.files) }
      guard let descriptor = file.descriptor else { continue }
      defer { close(descriptor) }
      try countContents(of: file, descriptor)
    }
    return counts
  }

  /// Counts what there is until the end, or until reading fails; that much counts.
  private func countContents(of file: FoundFile, _ descriptor: Int32) throws {
    var counter = ByteCounter()
    defer {
      counts.lines += counter.lines
      counts.words += counter.words
      counts.bytes += counter.bytes
    }
    while true {
      if mustStop() { throw CancellationError() }
      let length = read(descriptor, buffer.baseAddress, buffer.count)
      guard length != 0 else { return }
      if length > 0 {
        counter.count(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
      } else if errno != EINTR {
        return note(SystemFailure(), at: file.path)
      }
    }
  }

  /// Notes something that could not be read.
  private func note(_ failure: SystemFailure, at path: [UInt8]) {
    counts.unreadable += 1
    complain(path, failure)
  }
}
