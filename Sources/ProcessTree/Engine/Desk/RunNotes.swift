internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// What a root notes in its run's directory for other processes of its user, which read it without
/// its help.
///
/// The notes are lines of the file that the root has locked: to make and to remove files of their
/// own would be a part of a short run's time.
package enum RunNotes {
  /// The cases are in the order of the lines, the long one last.
  package enum Note: String, CaseIterable, Sendable {
    /// The name by which the run is found, beside its number.
    case name
    /// The tool that started it, and its version.
    case tool
    /// In which order the run would be stopped, as JSON.
    case plan

    fileprivate var longest: Int { self == .plan ? 1 << 20 : 256 }

    /// How many bytes of the file have the whole line.
    fileprivate var end: Int { self == .plan ? longest + Note.name.end : 1_024 }
  }

  /// A note about the run with this directory; nil if there is none.
  ///
  /// - Parameter user: The user of the run, whose file the notes have to be.
  package static func read(_ note: Note, in directory: String, of user: UInt32) -> String? {
    let path = "\(directory)/\(RunPlace.lockFile)"
    let bytes = Files.bytes(of: path, ownedBy: user, limit: note.end) ?? []
    return bytes.withUnsafeBytes { bytes in
      for line in bytes.parts(at: UInt8(ascii: "\n")) {
        let words = UnsafeRawBufferPointer(rebasing: bytes[line])
        let parts = words.parts(at: UInt8(ascii: " "), most: 2)
        guard parts.count == 2,
          String(decoding: words[parts[0]], as: UTF8.self) == note.rawValue
        else { continue }
        return String(decoding: words[parts[1]], as: UTF8.self)
      }
      return nil
    }
  }

  /// The text of the file.
  static func text(of notes: [Note: String]) -> [UInt8] {
    var text: [UInt8] = []
    for note in Note.allCases {
      guard let words = notes[note], !words.isEmpty else { continue }
      text += note.rawValue.utf8
      text.append(UInt8(ascii: " "))
      // Each is one line.
      for byte in words.utf8.prefix(note.longest) {
        text.append(byte == UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte)
      }
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }
}

extension Node {
  /// Keeps what nodes write in files of the run's directory, as long as the run lasts.
  ///
  /// - Parameter onFailure: Called with the reason once nothing more can be kept.
  package func keepOutput(
    _ plan: KeptOutputPlan, onFailure: @escaping @Sendable (String) -> Void
  ) async {
    try? await runtime.run { runtime in
      guard let desk = runtime.desk else { return }
      let keeper = OutputKeeper(plan, in: runtime.directory.path, on: runtime.loop)
      keeper.onFailure = onFailure
      desk.output.keep(in: keeper)
    }
  }

  /// Leaves notes about the run, once.
  package func leave(_ notes: [RunNotes.Note: String]) async {
    try? await runtime.run { runtime in
      try runtime.place?.note(RunNotes.text(of: notes))
    }
  }
}
