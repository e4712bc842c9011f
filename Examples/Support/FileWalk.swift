import Glibc

/// A regular file that was come across.
struct FoundFile {
  /// Open for reading, to be closed by its receiver; nil when it could not be opened.
  let descriptor: Int32?
  /// The directory that it is in, and its name there.
  let place: Place
  let name: [UInt8]

  var path: [UInt8] { place.appending(name).path }
}

/// The regular files of a directory one after another, those below it too if that is asked for.
///
/// Links are not followed. Directories on the way down stay open: a path may be longer than the
/// kernel takes. A file that cannot be read is reported and skipped.
final class FileWalk {
  private var place: Place
  private var stack: [OpenDirectory]
  private let isDeep: Bool
  private let complain: (_ path: [UInt8], SystemFailure) -> Void

  init(
    at place: Place, isDeep: Bool, complain: @escaping (_ path: [UInt8], SystemFailure) -> Void
  ) {
    self.place = place
    self.isDeep = isDeep
    self.complain = complain
    stack = []
    let opened = attempt(at: place.path) { () throws(SystemFailure) in try place.open() }
    if let opened { stack.append(opened) }
  }

  /// The next file; nil at the end.
  func next() -> FoundFile? {
    while let directory = stack.last {
      // After a failure as after its end there is nothing more to be had of it.
      let entry = attempt(at: place.path) { () throws(SystemFailure) in try directory.next() }
      guard let entry = entry ?? nil else {
        stack.removeLast()
        if !stack.isEmpty { place.names.removeLast() }
        continue
      }
      switch entry.kind {
      case .other: break
      case .unknown(let failure): complain(place.appending(entry.name).path, failure)
      case .directory: if isDeep { enter(entry.name, in: directory) }
      case .file: if let file = openFile(entry.name, in: directory) { return file }
      }
    }
    return nil
  }

  private func enter(_ name: [UInt8], in directory: OpenDirectory) {
    let opened = attempt(at: place.appending(name).path) { () throws(SystemFailure) in
      try directory.openDirectory(name)
    }
    guard let opened else { return }
    stack.append(opened)
    place.names.append(name)
  }

  /// The file; nil when something else has taken its place since the directory was read.
  private func openFile(_ name: [UInt8], in directory: OpenDirectory) -> FoundFile? {
    let opened = attempt(at: place.appending(name).path) { () throws(SystemFailure) in
      try directory.openFile(name)
    }
    if let opened, opened == nil { return nil }
    return FoundFile(descriptor: opened ?? nil, place: place, name: name)
  }

  private func attempt<Success>(
    at path: @autoclosure () -> [UInt8], _ body: () throws(SystemFailure) -> Success
  ) -> Success? {
    do throws(SystemFailure) {
      return try body()
    } catch {
      complain(path(), error)
      return nil
    }
  }
}
