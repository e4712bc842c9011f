internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// What a root notes in its run's directory for other processes of its user, which read it without
/// its help.
package enum RunNotes {
  package enum Note: String, CaseIterable, Sendable {
    /// The name by which the run is found, beside its number.
    case name
    /// The tool that started it, and its version.
    case tool
    /// In which order the run would be stopped, as JSON.
    case plan = "plan.json"

    fileprivate var longest: Int { [.name, .tool].contains(self) ? 256 : 1 << 20 }
  }

  /// A note about the run with this directory; nil if there is none.
  ///
  /// - Parameter user: The user of the run, whose file the note has to be.
  package static func read(_ note: Note, in directory: String, of user: UInt32) -> String? {
    let path = "\(directory)/\(note.rawValue)"
    let bytes = Files.bytes(of: path, ownedBy: user, limit: note.longest) ?? []
    guard !bytes.isEmpty else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  fileprivate static func write(_ note: Note, _ text: String, in directory: String) {
    try? Descriptors.writeNewFile(
      "\(directory)/\(note.rawValue)", in: directory, Array(text.utf8.prefix(note.longest)),
      isDurable: false)
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

  /// Leaves notes about the run, each once.
  package func leave(_ notes: [RunNotes.Note: String]) async {
    try? await runtime.run { runtime in
      guard runtime.place != nil else { return }
      for (note, text) in notes { RunNotes.write(note, text, in: runtime.directory.path) }
    }
  }
}
