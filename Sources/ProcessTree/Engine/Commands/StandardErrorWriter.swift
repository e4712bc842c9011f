internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// Writes the texts of commands to this node's own standard error without ever blocking the loop;
/// at the root the one that writes for all nodes does so.
///
/// The descriptor itself stays as it is, because everything else in the process writes to it too.
/// Belongs to the loop.
final class StandardErrorWriter {
  /// The bytes that may wait to be written before commands have to wait.
  private static let capacity = 64 << 10
  /// A pipe that is ready takes this much without blocking, and in one piece.
  private static let pieceSize = 4_096

  private let loop: EventLoop
  private let descriptor: Int32
  /// The root's own writer, where there is one.
  private let root: () -> RootOutput?
  private var waiting: [UInt8] = []
  private var isWatched = false
  /// Nobody can read any more: everything is dropped.
  private var isBroken = false
  /// Called when there is room again.
  var onRoom: (() -> Void)?

  init(
    on loop: EventLoop, descriptor: Int32 = STDERR_FILENO,
    through root: @escaping () -> RootOutput? = { nil }
  ) {
    self.loop = loop
    self.descriptor = descriptor
    self.root = root
  }

  /// Whether more is welcome.
  var hasRoom: Bool { root()?.hasRoom ?? (waiting.count < Self.capacity) }

  /// Takes bytes, also without room, and writes what can be written.
  func write(_ bytes: [UInt8]) {
    if let root = root() { return root.write(bytes, to: .error) }
    guard !isBroken, !bytes.isEmpty else { return }
    waiting += bytes
    flush(waits: false)
  }

  /// Writes all that is left, waiting where need be: the last thing that a node does.
  func flush() { flush(waits: true) }

  private func flush(waits: Bool) {
    var written = 0
    while written < waiting.count, !isBroken {
      guard waits || isReady(within: 0) else { break }
      let count = writePiece(from: written)
      written += count
      // Somebody has made the descriptor non-blocking, and it was filled in between.
      guard count == 0, !isBroken else { continue }
      guard waits else { break }
      _ = isReady(within: 1_000)
    }
    waiting.removeFirst(isBroken ? waiting.count : written)
    if waiting.isEmpty { unwatch() } else { watch() }
  }

  private func writePiece(from offset: Int) -> Int {
    waiting.withUnsafeBytes { bytes in
      var piece = UnsafeRawBufferPointer(rebasing: bytes[offset...].prefix(Self.pieceSize))
      // Whole lines where they fit: other writers may come between two pieces.
      if let end = piece.lastIndex(of: UInt8(ascii: "\n")) {
        piece = UnsafeRawBufferPointer(rebasing: piece[...end])
      }
      do {
        return try Descriptors.writeQuietly(descriptor, piece)
      } catch {
        isBroken = true
        return 0
      }
    }
  }

  private func isReady(within milliseconds: Int32) -> Bool {
    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&wait, 1, milliseconds) > 0
  }

  private func watch() {
    guard !isWatched else { return }
    do {
      try loop.poller.add(descriptor, for: .write) { [unowned self] _ in
        unwatch()
        flush(waits: false)
        if hasRoom { onRoom?() }
      }
      isWatched = true
    } catch {
      // What cannot be watched is a file, which never makes anybody wait.
      isBroken = true
      waiting = []
    }
  }

  private func unwatch() {
    guard isWatched else { return }
    isWatched = false
    loop.poller.remove(descriptor)
  }
}
