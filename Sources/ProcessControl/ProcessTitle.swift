import Glibc
import ProcessTreeCProcessShims

/// The title that ps, top and pstree show for this process.
package enum ProcessTitle {
  /// Makes room for titles: to be called once, in the root, before the fork server is made.
  ///
  /// In a child by re-exec likewise, first thing.
  /// Moves the environment, whose memory a long title takes. Children inherit the room. Where the
  /// room cannot be found, titles show only as the 15 bytes of the thread name.
  package static func prepare() {
    // Read lazily by the runtime from the memory that is going to be overwritten.
    _ = CommandLine.arguments.count
    _ = pt_title_prepare()
  }

  /// Shows a title: at most 1,023 bytes of it, control characters as question marks.
  package static func set(_ title: String) {
    let visible = title.utf8.prefix(1023).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
    pt_title_set(String(decoding: visible, as: UTF8.self))
  }
}
