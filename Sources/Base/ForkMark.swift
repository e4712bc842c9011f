import Glibc

/// A mark that only the process that made it recognises as its own.
///
/// Descriptors survive a fork, the threads behind them do not: a child that touches its parent's
/// sockets takes the parent's wake-ups away or waits for a thread that does not exist. The mark is
/// a page that the kernel empties in every forked child, so that asking costs one load and not a
/// system call. Process identifiers would not do: they repeat, and in a new namespace they start
/// again at 1.
package struct ForkMark: ~Copyable, Sendable {
  private let page: Mapping?
  private let processID: Int32
  private static let size = 4096

  package init() {
    processID = getpid()
    page = Self.makePage()
  }

  /// Maps the page; nil where the kernel cannot empty it (before 4.14, some sandboxes).
  private static func makePage() -> Mapping? {
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start, start != MAP_FAILED else { return nil }
    let page = Mapping(owning: start, byteCount: size)
    guard madvise(start, size, MADV_WIPEONFORK) == 0 else { return nil }
    start.storeBytes(of: 1, as: Int32.self)
    return page
  }

  /// True in the process that made the mark, false in a child forked since.
  package var isOwn: Bool {
    switch page {
    case .some(let page): page.start.load(as: Int32.self) != 0
    case .none: getpid() == processID
    }
  }
}
