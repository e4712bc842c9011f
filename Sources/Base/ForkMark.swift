import Glibc

/// A mark that only the process that made it recognises as its own.
///
/// Descriptors survive a fork, the threads behind them do not: a child that touches its parent's
/// sockets takes the parent's wake-ups away or waits for a thread that does not exist. The mark is
/// a page that the kernel empties in every forked child, so that asking costs one load and not a
/// system call. Process identifiers would not do: they repeat, and in a new namespace they start
/// again at 1.
package struct ForkMark: ~Copyable, Sendable {
  // Written once, before anybody else can see it.
  private nonisolated(unsafe) let page: UnsafeMutablePointer<Int32>?
  private let processID: Int32
  private static let size = 4096

  package init() {
    processID = getpid()
    page = Self.makePage()
  }

  /// Maps the page; nil where the kernel cannot empty it (before 4.14, some sandboxes).
  private static func makePage() -> UnsafeMutablePointer<Int32>? {
    let mapping = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapping, mapping != MAP_FAILED else { return nil }
    guard madvise(mapping, size, MADV_WIPEONFORK) == 0 else {
      munmap(mapping, size)
      return nil
    }
    let page = mapping.assumingMemoryBound(to: Int32.self)
    page.pointee = 1
    return page
  }

  /// True in the process that made the mark, false in a child forked since.
  package var isOwn: Bool {
    guard let page else { return getpid() == processID }
    return page.pointee != 0
  }

  deinit {
    if let page { munmap(page, Self.size) }
  }
}
