import Glibc
import ProcessTreeCZeroMQ
import Testing

@testable import ProcessTreeZeroMQ

@Suite struct LibraryTests {
  /// The reason why a library does not do; nil if it does.
  private func flaw(of library: String) -> String? {
    let functions = UnsafeMutablePointer<cz_functions>.allocate(capacity: 1)
    defer { functions.deallocate() }
    return cz_open(library, functions).map { String(cString: $0) }
  }

  @Test func libzmqHasAllFunctions() { #expect(flaw(of: "libzmq.so.5") == nil) }

  @Test(arguments: [
    ("libzmq-of-nobody.so.5", "libzmq-of-nobody.so.5: cannot open shared object file"),
    ("libm.so.6", "it has no zmq_ctx_new"),
  ])
  func aLibraryThatDoesNotDoIsNamed(_ library: String, _ reason: String) {
    #expect(flaw(of: library)?.contains(reason) == true)
  }

  @Test func theErrorOfAMissingLibraryNamesThePackage() {
    let error = ZeroMQError.libraryMissing(because: "libzmq.so.5: cannot open it")
    #expect(error.code == .libraryMissing)
    #expect(error.description.contains("libzmq.so.5: cannot open it"))
    #expect(error.description.contains("install libzmq5"))
    let short = ZeroMQError.libraryMissing(because: "libzmq.so.5: Too many open files")
    #expect(!short.description.contains("install"))
  }

  @Test func threadsLoadItTogether() async {
    let loaded = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { cz_load() } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(loaded == 8)
  }

  /// A text exists for an error of the system and for one of libzmq's own.
  @Test(arguments: [(ENOENT, "No such file"), (ETERM, "Context was terminated")])
  func errorsHaveTexts(_ number: Int32, _ text: String) {
    #expect(ZeroMQError(errno: number, call: "call").description.contains(text))
  }
}
