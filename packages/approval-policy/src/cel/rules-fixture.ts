/** For tests: what the rules see as `cr`. */
export const cr = {
  name: "web-1",
  namespace: "shop",
  username: "system:serviceaccount:shop:builder",
  groups: ["system:authenticated", "team-a"],
};

/** For tests: rules that hold of `a.shop.svc`. */
export const holding: readonly (readonly [rule: string])[] = [
  ["self == 'a.shop.svc'"],
  ["self.endsWith(cr.namespace + '.svc')"],
  ["self.startsWith('a') && self.contains('shop') && size(self) == 10 && self.size() == 10"],
  ["self.matches('^[a-z.]+$') && matches(self, 'shop')"],
  ["self in ['a.shop.svc', 'b']"],
  ["cr.name == 'web-1' && 'team-a' in cr.groups && cr.groups.size() == 2"],
  ["cr.groups.exists(g, g.startsWith('team-'))"],
  ["cr.groups.all(g, g != 'system:masters')"],
  ["cr.groups.exists_one(g, g == 'team-a')"],
  ["cr.groups.filter(g, g.startsWith('team')).map(g, g + '!') == ['team-a!']"],
  ["isServiceAccount(cr.username) && serviceAccount(cr.username).getNamespace() == cr.namespace"],
  ["serviceAccount(cr.username).getName() == 'builder'"],
  ["!isServiceAccount(self)"],
  ["self == 'a.%s.svc'.format([cr.namespace])"],
  ["self.split('.').size() == 3 && self.split('.', 2)[1] == 'shop.svc' && self.split('.')[0] == 'a'"],
  ["['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'"],
  ["self.replace('.', '') == 'ashopsvc' && self.replace('.', '-', 1) == 'a-shop.svc'"],
  ["'ab'.replace('', '_') == '_a_b_' && 'ab'.replace('', '_', 1) == '_ab'"],
  ["self.substring(2, 6) == 'shop' && self.substring(7) == 'svc' && self.charAt(0) == 'a'"],
  [
    "self.indexOf('.') == 1 && self.lastIndexOf('.') == 6 && self.indexOf('.', 2) == 6 && self.indexOf('x') == -1",
  ],
  ["'a'.indexOf('a', 5) == -1 && 'a'.indexOf('', 5) == 1 && 'a'.lastIndexOf('', 5) == 1"],
  ["'\u0085 a\ufeff'.trim() == 'a\ufeff' && double('1e3') == 1000.0 && int('+1') == 1"],
  ["'ABC'.lowerAscii() == 'abc' && 'abc'.upperAscii() == 'ABC' && ' a '.trim() == 'a'"],
  ["'abc'.reverse() == 'cba' && strings.quote('a') == '\"a\"'"],
  ["'\u{1d4b3}a'.charAt(1) == 'a' && '\u{1d4b3}a'.indexOf('a') == 1 && size('\u{1d4b3}') == 1"],
  ["size(self) > 63 ? false : true"],
  ["int('5') + 1 == 6 && double(1) == 1.0 && string(5) == '5' && uint(1) == 1u"],
  ["{'shop': ['a.shop.svc']}[cr.namespace][0] == self"],
  ["has(cr.namespace) && type(self) == string"],
  [
    "duration('1h') > duration('1m') && timestamp('2026-01-01T00:00:00Z') < timestamp('2027-01-01T00:00:00Z')",
  ],
  ["dyn(self) == 'a.shop.svc'"],
  ["\n  self != '' // not empty\n  && true\n"],
];

/** For tests: rules that no compiler takes, and what ours says of them. */
export const impossible: readonly (readonly [rule: string, message: RegExp])[] = [
  ["", /quote a rule that starts with !/],
  ["self ==", /./],
  ["self", /string, not bool/],
  ["size(self)", /int, not bool/],
  ["self != 1", /never equals/],
  ["true || self > 1", /there is no _>_\(string, int\)/],
  ["nope == 'x'", /undeclared reference to nope/],
  ["cr.labels == {}", /cr has no field labels/],
  ["self.nope()", /no function nope/],
  ["self.size(1) == 1", /there is no string.size\(int\)/],
  ["cr.groups.exists(g, g)", /there is no|a string stands where/],
  ["'%d'.format([self]) == 'a'", /prints no string as %d/],
  ["'%s-%s'.format([self]) == 'a'", /no value for %s/],
  ["'%s'.format([self, self]) == 'a'", /2 values for 1/],
  ["'%q'.format([self]) == 'a'", /knows no %q/],
  ["'a'.format([]) == 'a' && '%'.format([self]) == 'a'", /knows no %/],
  ["cr.groups + [1] == []", /not put together/],
  ["{'a': 1}[1] == 1", /not indexed by int/],
  ["self in 'abc'", /no in over a string/],
  ["1 in cr.groups", /never in/],
  ["google.protobuf.Duration{seconds: 1} == duration('1s')", /messages|undeclared/],
  [`${"(".repeat(30)}true${")".repeat(30)}`, /nests deeper than 24/],
  [`self == '${"x".repeat(4096)}'`, /characters/],
];

/** For tests: rules that are taken and have no answer for `value`, and what ours says then. */
export const withoutAnswer: readonly (readonly [rule: string, message: RegExp])[] = [
  ["self.matches('(')", /parsing regexp/],
  ["self.charAt(99) == 'x'", /out of range/],
  ["int(self) == 1", /no integer/],
  ["int('') == 0", /no integer/],
  ["int('0x1') == 1", /no integer/],
  ["uint('-1') == 1u", /no integer/],
  ["double('') == 0.0", /no double/],
  ["serviceAccount(self).getName() == 'x'", /not that of a service account/],
  ["{'a': true}[self]", /./],
  ["dyn(self)", /no bool/],
  [`self.matches('${"a?".repeat(300)}')`, /at most 512/],
];
