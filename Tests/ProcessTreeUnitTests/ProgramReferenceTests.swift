import ProcessTreeBase
import Testing

@testable import ProcessTree

/// Programs of each kind that a user may write.
struct PlainProgram: NodeProgram {
  func run(in node: Node) async throws {}
}

enum Namespace {
  struct Nested: NodeProgram {
    struct Deeper: NodeProgram {
      func run(in node: Node) async throws {}
    }

    func run(in node: Node) async throws {}
  }
}

struct GenericProgram<Value: Codable & Sendable>: NodeProgram {
  var value: Value

  func run(in node: Node) async throws -> Value { value }
}

private struct PrivateProgram: NodeProgram {
  func run(in node: Node) async throws {}
}

private struct PrivateValue: Codable, Sendable {}

/// No program, though its name can be found.
struct Stranger: Codable, Sendable {}

/// Types within types; each part is a word of its own, which mangling cannot abbreviate.
typealias FarDown = Ltixlzwxuqaoyhubfdlphmrdshaxgnifymfyzcettoeeaagygffjkgrvugfwgmjalnfeickjtsatvwk
  .Lcjljpwkfppwfbiaxlmarznlmsaobwftgdyholqlqiyodsxyzljbncgkqtlekiwrcjvkjfzcuexwjpf
  .Lxbctrmbhxtliounebubzpkgexseuzndfnlebnjeotfqopwxkpijpmedmrfupkfcpiqzrqlczzylwsv
  .Lbyjlrwvipiywwjkufsapryikviojquvzlliulxnlfwolkqeqfglpjwcxvxnftysqvnjtryuixagfso
  .Ltufhyvfuwbphfbedkfpgrbnolmvtcsghwlalmindwrlbrtjdjrqksjlennsurloeftmspgetclvamd
  .Lkstrekusmnnhpjpwmmfttixjpinakjpjepadvtohjbzemaprrihpzbhpiexjjptpqutxdayejjrwkt
  .Ljxqaollvxsebairovdvrganyzntswwuupmpmvxgjoycjawynsjuypjefpwrpkrensrzbcxhiczcvak

enum Ltixlzwxuqaoyhubfdlphmrdshaxgnifymfyzcettoeeaagygffjkgrvugfwgmjalnfeickjtsatvwk {
  enum Lcjljpwkfppwfbiaxlmarznlmsaobwftgdyholqlqiyodsxyzljbncgkqtlekiwrcjvkjfzcuexwjpf {
    enum Lxbctrmbhxtliounebubzpkgexseuzndfnlebnjeotfqopwxkpijpmedmrfupkfcpiqzrqlczzylwsv {
      enum Lbyjlrwvipiywwjkufsapryikviojquvzlliulxnlfwolkqeqfglpjwcxvxnftysqvnjtryuixagfso {
        enum Ltufhyvfuwbphfbedkfpgrbnolmvtcsghwlalmindwrlbrtjdjrqksjlennsurloeftmspgetclvamd {
          enum Lkstrekusmnnhpjpwmmfttixjpinakjpjepadvtohjbzemaprrihpzbhpiexjjptpqutxdayejjrwkt {
            struct Ljxqaollvxsebairovdvrganyzntswwuupmpmvxgjoycjawynsjuypjefpwrpkrensrzbcxhiczcvak:
              NodeProgram
            {
              func run(in node: Node) async throws {}
            }
          }
        }
      }
    }
  }
}

@Suite struct ProgramReferenceTests {
  private func find(_ type: any NodeProgram.Type) throws -> any NodeProgram.Type {
    let reference = try ProgramReference(type, listed: [])
    #expect(reference.listIndex == nil)
    return try ProgramReference.resolve(
      name: reference.name, listIndex: reference.listIndex, listed: [])
  }

  private func code(_ body: () throws -> Void) -> ProcessTreeError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? ProcessTreeError)?.code
    }
  }

  @Test(
    arguments: [
      PlainProgram.self, Namespace.Nested.self, Namespace.Nested.Deeper.self,
      GenericProgram<Int>.self, GenericProgram<[String: [PlainProgram]]>.self,
      GenericProgram<GenericProgram<Stranger?>>.self,
    ] as [any NodeProgram.Type])
  func internalTypesAreFoundByName(_ type: any NodeProgram.Type) throws {
    let isFound = try find(type) == type
    #expect(isFound)
  }

  private struct PrivateNested: NodeProgram {
    func run(in node: Node) async throws {}
  }

  private static func local() -> any NodeProgram.Type {
    struct Local: NodeProgram {
      func run(in node: Node) async throws {}
    }
    return Local.self
  }

  private static let hidden: [any NodeProgram.Type] = [
    PrivateProgram.self, PrivateNested.self, local(), GenericProgram<PrivateValue>.self,
    GenericProgram<[PrivateValue?]>.self,
  ]

  @Test(arguments: hidden.indices)
  func hiddenTypesAreRefusedUnlessTheyAreListed(_ index: Int) throws {
    let type = Self.hidden[index]
    #expect(code { _ = try ProgramReference(type, listed: []) } == .programNotFindable)
    #expect(
      code { _ = try ProgramReference(type, listed: [PlainProgram.self]) } == .programNotFindable)
    let reference = try ProgramReference(type, listed: Self.hidden)
    #expect(reference.listIndex == index)
    let found = try ProgramReference.resolve(
      name: reference.name, listIndex: index, listed: Self.hidden)
    let isFound = found == type
    #expect(isFound)
  }

  @Test(arguments: [-1, 1, Int.max, .min])
  func aPlaceThatTheListHasNotIsRefused(_ index: Int) {
    #expect(
      code {
        _ = try ProgramReference.resolve(name: "", listIndex: index, listed: [PlainProgram.self])
      } == .programNotFindable)
  }

  @Test func aNameThatIsTooLongIsRefusedUnlessTheTypeIsListed() throws {
    let type = FarDown.self
    let name = _mangledTypeName(type) ?? ""
    try #require(name.utf8.count > TypeName.longest)
    #expect(code { _ = try ProgramReference(type, listed: []) } == .programNotFindable)
    #expect(try ProgramReference(type, listed: [type]).listIndex == 0)
    #expect(code { try resolve(name) } == .programNotFindable)
  }

  private func resolve(_ name: String) throws {
    _ = try ProgramReference.resolve(name: name, listIndex: nil, listed: [])
  }

  @Test func onlyProgramsCanBeAskedFor() throws {
    for name in [_mangledTypeName(Stranger.self), "Si", "SS", "Sg", "yt", "s5ErrorP"] {
      #expect(code { try resolve(name ?? "") } == .programNotFindable, "\(name ?? "")")
    }
    #expect(code { try resolve(_mangledTypeName(PlainProgram.self) ?? "") } == nil)
  }

  @Test func controlCharactersAreRefused() throws {
    // In a mangled name they begin a reference to an address: following one would be the end.
    let good = try #require(_mangledTypeName(PlainProgram.self))
    for byte in Array(0...0x20) + [0x7F, 0x80, 0xFF] as [UInt8] {
      for place in [0, good.utf8.count / 2, good.utf8.count] {
        var bytes = Array(good.utf8)
        bytes.insert(byte, at: place)
        #expect(code { try resolve(String(decoding: bytes, as: UTF8.self)) } == .programNotFindable)
        let reference = [byte] + Array("abcd".utf8)
        #expect(
          code { try resolve(String(decoding: reference, as: UTF8.self)) } == .programNotFindable)
      }
    }
    #expect(code { try resolve("") } == .programNotFindable)
  }
}
