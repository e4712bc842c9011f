import Glibc
import ProcessTreeCProcessShims

/// The title that ps, top and pstree show for this process.
package enum ProcessTitle {
  /// Makes room for titles; call it once, in the root before the fork server is made, and first in
  /// a re-executed child.
  ///
  /// It moves the environment, whose memory a long title uses. Cloned children inherit the room.
  /// Without room, titles show only as the 15 bytes of the thread name.
  package static func prepare() {
    // The runtime reads them lazily, from memory that titles overwrite.
    _ = CommandLine.arguments.count
    _ = pt_title_prepare()
  }

  /// Shows a title, at most 1,023 bytes of it, with question marks for control characters.
  package static func set(_ title: String) {
    let visible = title.utf8.prefix(1023).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
    pt_title_set(String(decoding: visible, as: UTF8.self))
  }
}
