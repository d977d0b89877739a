// SPDX-License-Identifier: MIT
/*
 * The instruction forms that the differential test generates, with the flags that each
 * leaves undefined.
 */
#include "diff_forms.h"

#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define OF 0x800

/* The eight rows of an ALU operation with opcode base b and group number n. */
#define ALU(name, b, n, undef, lock) \
	{ name " rm8, r8", GPR, 0, 0, (b) + 0, -1, 0, S8, undef, lock, BASE }, \
	{ name " rm, r", GPR, 0, 0, (b) + 1, -1, 0, SZ, undef, lock, BASE }, \
	{ name " r8, rm8", GPR, 0, 0, (b) + 2, -1, 0, S8, undef, 0, BASE }, \
	{ name " r, rm", GPR, 0, 0, (b) + 3, -1, 0, SZ, undef, 0, BASE }, \
	{ name " al, imm8", PLAIN, 0, 0, (b) + 4, -1, 1, S8, undef, 0, BASE }, \
	{ name " rax, imm", PLAIN, 0, 0, (b) + 5, -1, 5, SZ, undef, 0, BASE }, \
	{ name " rm8, imm8", GPR, 0, 0, 0x80, n, 1, S8, undef, lock, BASE }, \
	{ name " rm, imm", GPR, 0, 0, 0x81, n, 5, SZ, undef, lock, BASE }, \
	{ name " rm, imm8", GPR, 0, 0, 0x83, n, 1, SZ, undef, lock, BASE }

/* A shift or rotate: by one, by CL, by immediate. */
#define SHIFT(name, n, undef1, undef) \
	{ name " rm8, 1", GPR, 0, 0, 0xd0, n, 0, S8, undef1, 0, BASE }, \
	{ name " rm, 1", GPR, 0, 0, 0xd1, n, 0, SZ, undef1, 0, BASE }, \
	{ name " rm8, cl", GPR, 0, 0, 0xd2, n, 0, S8, undef, 0, BASE }, \
	{ name " rm, cl", GPR, 0, 0, 0xd3, n, 0, SZ, undef, 0, BASE }, \
	{ name " rm8, imm8", GPR, 0, 0, 0xc0, n, 1, S8, undef, 0, BASE }, \
	{ name " rm, imm8", GPR, 0, 0, 0xc1, n, 1, SZ, undef, 0, BASE }

#define COND(c, suffix) \
	{ "cmov" suffix, GPR, 0, 1, 0x40 + (c), -1, 0, SZ, 0, 0, BASE }, \
	{ "set" suffix, GPR, 0, 1, 0x90 + (c), 0, 0, S8, 0, 0, BASE }, \
	{ "j" suffix, BRANCH, 0, 0, 0x70 + (c), -1, 0, S32, 0, 0, BASE }

#define BIT(name, op, n, lock) \
	{ name " rm, r", GPR, 0, 1, op, -1, 0, SZ, OF | SF | AF | PF, (lock) | BIT_OFFSET, BASE }, \
	{ name " rm, imm8", GPR, 0, 1, 0xba, n, 1, SZ, OF | SF | AF | PF, lock, BASE }

#define STR(name, op) \
	{ name "b", STRING, 0, 0, (op) - 1, -1, 0, S8, 0, REPS, BASE }, \
	{ name, STRING, 0, 0, op, -1, 0, SZ, 0, REPS, BASE }

/* Vector instructions with prefix 66 and, without it, on MM registers. */
#define VEC(name, op) \
	{ name, XMM, 0x66, 1, op, -1, 0, S32, 0, ALIGN16, BASE }, \
	{ name " mm", MMX, 0, 1, op, -1, 0, S32, 0, 0, BASE }
#define VEC3(name, op) \
	{ name, XMM, 0x66, 2, op, -1, 0, S32, 0, ALIGN16, F_SSSE3 }, \
	{ name " mm", MMX, 0, 2, op, -1, 0, S32, 0, 0, F_SSSE3 }
#define V66(name, op)		{ name, XMM, 0x66, 1, op, -1, 0, S32, 0, ALIGN16, BASE }
#define V38(name, op, f)	{ name, XMM, 0x66, 2, op, -1, 0, S32, 0, ALIGN16, f }
#define V3A(name, op, f)	{ name, XMM, 0x66, 3, op, -1, 1, S32, 0, ALIGN16, f }
#define TXT(name, op)		{ name, XMM, 0x66, 3, op, -1, 1, S32 | S64, 0, 0, F_SSE42 }
#define PS(name, op)		{ name "ps", XMM, 0, 1, op, -1, 0, S32, 0, ALIGN16, BASE }
#define PD(name, op)		{ name "pd", XMM, 0x66, 1, op, -1, 0, S32, 0, ALIGN16, BASE }
#define SS(name, op)		{ name "ss", XMM, 0xf3, 1, op, -1, 0, S32, 0, 0, BASE }
#define SD(name, op)		{ name "sd", XMM, 0xf2, 1, op, -1, 0, S32, 0, 0, BASE }
#define FP4(name, op)		PS(name, op), PD(name, op), SS(name, op), SD(name, op)
#define VSHIFT(name, op, grp, n) VEC(name, op), \
	{ name " imm", XMM, 0x66, 1, grp, n, 1, S32, 0, R_ONLY, BASE }, \
	{ name " mm, imm", MMX, 0, 1, grp, n, 1, S32, 0, R_ONLY, BASE }
#define ESC(name, op)		{ name, X87, 0, 0, op, -1, 0, S32, 0, 0, BASE }

const struct diff_form diff_forms[] = {
	ALU("add", 0x00, 0, 0, LOCKS), ALU("or", 0x08, 1, AF, LOCKS),
	ALU("adc", 0x10, 2, 0, LOCKS), ALU("sbb", 0x18, 3, 0, LOCKS),
	ALU("and", 0x20, 4, AF, LOCKS), ALU("sub", 0x28, 5, 0, LOCKS),
	ALU("xor", 0x30, 6, AF, LOCKS), ALU("cmp", 0x38, 7, 0, 0),
	{ "test rm8, r8", GPR, 0, 0, 0x84, -1, 0, S8, AF, 0, BASE },
	{ "test rm, r", GPR, 0, 0, 0x85, -1, 0, SZ, AF, 0, BASE },
	{ "test al, imm8", PLAIN, 0, 0, 0xa8, -1, 1, S8, AF, 0, BASE },
	{ "test rax, imm", PLAIN, 0, 0, 0xa9, -1, 5, SZ, AF, 0, BASE },
	{ "test rm8, imm8", GPR, 0, 0, 0xf6, 0, 1, S8, AF, 0, BASE },
	{ "test rm, imm", GPR, 0, 0, 0xf7, 0, 5, SZ, AF, 0, BASE },
	{ "not rm8", GPR, 0, 0, 0xf6, 2, 0, S8, 0, LOCKS, BASE },
	{ "not rm", GPR, 0, 0, 0xf7, 2, 0, SZ, 0, LOCKS, BASE },
	{ "neg rm8", GPR, 0, 0, 0xf6, 3, 0, S8, 0, LOCKS, BASE },
	{ "neg rm", GPR, 0, 0, 0xf7, 3, 0, SZ, 0, LOCKS, BASE },
	{ "inc rm8", GPR, 0, 0, 0xfe, 0, 0, S8, 0, LOCKS, BASE },
	{ "inc rm", GPR, 0, 0, 0xff, 0, 0, SZ, 0, LOCKS, BASE },
	{ "dec rm8", GPR, 0, 0, 0xfe, 1, 0, S8, 0, LOCKS, BASE },
	{ "dec rm", GPR, 0, 0, 0xff, 1, 0, SZ, 0, LOCKS, BASE },
	{ "mul rm8", GPR, 0, 0, 0xf6, 4, 0, S8, SF | ZF | AF | PF, 0, BASE },
	{ "mul rm", GPR, 0, 0, 0xf7, 4, 0, SZ, SF | ZF | AF | PF, 0, BASE },
	{ "imul rm8", GPR, 0, 0, 0xf6, 5, 0, S8, SF | ZF | AF | PF, 0, BASE },
	{ "imul rm", GPR, 0, 0, 0xf7, 5, 0, SZ, SF | ZF | AF | PF, 0, BASE },
	{ "imul r, rm", GPR, 0, 1, 0xaf, -1, 0, SZ, SF | ZF | AF | PF, 0, BASE },
	{ "imul r, rm, imm", GPR, 0, 0, 0x69, -1, 5, SZ, SF | ZF | AF | PF, 0, BASE },
	{ "imul r, rm, imm8", GPR, 0, 0, 0x6b, -1, 1, SZ, SF | ZF | AF | PF, 0, BASE },
	{ "div rm8", GPR, 0, 0, 0xf6, 6, 0, S8, CF | PF | AF | ZF | SF | OF, 0, BASE },
	{ "div rm", GPR, 0, 0, 0xf7, 6, 0, SZ, CF | PF | AF | ZF | SF | OF, 0, BASE },
	{ "idiv rm8", GPR, 0, 0, 0xf6, 7, 0, S8, CF | PF | AF | ZF | SF | OF, 0, BASE },
	{ "idiv rm", GPR, 0, 0, 0xf7, 7, 0, SZ, CF | PF | AF | ZF | SF | OF, 0, BASE },
	SHIFT("rol", 0, 0, OF), SHIFT("ror", 1, 0, OF), SHIFT("rcl", 2, 0, OF),
	SHIFT("rcr", 3, 0, OF), SHIFT("shl", 4, AF, AF | OF | CF),
	SHIFT("shr", 5, AF, AF | OF | CF), SHIFT("sar", 7, AF, AF | OF),
	{ "shld rm, r, imm8", GPR, 0, 1, 0xa4, -1, 1, SZ, AF | OF, IMM15, BASE },
	{ "shld rm, r, cl", GPR, 0, 1, 0xa5, -1, 0, SZ, AF | OF, CL15, BASE },
	{ "shrd rm, r, imm8", GPR, 0, 1, 0xac, -1, 1, SZ, AF | OF, IMM15, BASE },
	{ "shrd rm, r, cl", GPR, 0, 1, 0xad, -1, 0, SZ, AF | OF, CL15, BASE },
	COND(0, "o"), COND(1, "no"), COND(2, "b"), COND(3, "nb"), COND(4, "z"), COND(5, "nz"),
	COND(6, "be"), COND(7, "nbe"), COND(8, "s"), COND(9, "ns"), COND(10, "p"),
	COND(11, "np"), COND(12, "l"), COND(13, "nl"), COND(14, "le"), COND(15, "nle"),
	BIT("bt", 0xa3, 4, 0), BIT("bts", 0xab, 5, LOCKS), BIT("btr", 0xb3, 6, LOCKS),
	BIT("btc", 0xbb, 7, LOCKS),
	{ "bsf", GPR, 0, 1, 0xbc, -1, 0, SZ, CF | OF | SF | AF | PF, 0, BASE },
	{ "bsr", GPR, 0, 1, 0xbd, -1, 0, SZ, CF | OF | SF | AF | PF, 0, BASE },
	{ "tzcnt", GPR, 0xf3, 1, 0xbc, -1, 0, SZ, OF | SF | AF | PF, 0, F_BMI1 },
	{ "lzcnt", GPR, 0xf3, 1, 0xbd, -1, 0, SZ, OF | SF | AF | PF, 0, F_LZCNT },
	{ "popcnt", GPR, 0xf3, 1, 0xb8, -1, 0, SZ, 0, 0, F_POPCNT },
	{ "crc32 r, rm8", GPR, 0xf2, 2, 0xf0, -1, 0, S8, 0, WIDE, F_SSE42 },
	{ "crc32 r, rm", GPR, 0xf2, 2, 0xf1, -1, 0, S32 | S64, 0, 0, F_SSE42 },
	{ "movbe r, m", GPR, 0, 2, 0xf0, -1, 0, SZ, 0, M_ONLY, F_MOVBE },
	{ "movbe m, r", GPR, 0, 2, 0xf1, -1, 0, SZ, 0, M_ONLY, F_MOVBE },
	{ "mov rm8, r8", GPR, 0, 0, 0x88, -1, 0, S8, 0, 0, BASE },
	{ "mov rm, r", GPR, 0, 0, 0x89, -1, 0, SZ, 0, 0, BASE },
	{ "mov r8, rm8", GPR, 0, 0, 0x8a, -1, 0, S8, 0, 0, BASE },
	{ "mov r, rm", GPR, 0, 0, 0x8b, -1, 0, SZ, 0, 0, BASE },
	{ "mov rm8, imm8", GPR, 0, 0, 0xc6, 0, 1, S8, 0, 0, BASE },
	{ "mov rm, imm", GPR, 0, 0, 0xc7, 0, 5, SZ, 0, 0, BASE },
	{ "mov r, imm", OPREG, 0, 0, 0xb8, -1, 9, SZ, 0, 0, BASE },
	{ "mov r8, imm8", OPREG, 0, 0, 0xb0, -1, 1, S8, 0, 0, BASE },
	{ "movzx r, rm8", GPR, 0, 1, 0xb6, -1, 0, SZ, 0, 0, BASE },
	{ "movzx r, rm16", GPR, 0, 1, 0xb7, -1, 0, SZ, 0, 0, BASE },
	{ "movsx r, rm8", GPR, 0, 1, 0xbe, -1, 0, SZ, 0, 0, BASE },
	{ "movsx r, rm16", GPR, 0, 1, 0xbf, -1, 0, SZ, 0, 0, BASE },
	{ "movsxd r, rm32", GPR, 0, 0, 0x63, -1, 0, SZ, 0, 0, BASE },
	{ "lea", GPR, 0, 0, 0x8d, -1, 0, SZ, 0, M_ONLY, BASE },
	{ "xchg rm8, r8", GPR, 0, 0, 0x86, -1, 0, S8, 0, LOCKS, BASE },
	{ "xchg rm, r", GPR, 0, 0, 0x87, -1, 0, SZ, 0, LOCKS, BASE },
	{ "xchg rax, r", OPREG, 0, 0, 0x90, -1, 0, SZ, 0, 0, BASE },
	{ "bswap", OPREG, 0, 1, 0xc8, -1, 0, S32 | S64, 0, 0, BASE },
	{ "xadd rm8, r8", GPR, 0, 1, 0xc0, -1, 0, S8, 0, LOCKS, BASE },
	{ "xadd rm, r", GPR, 0, 1, 0xc1, -1, 0, SZ, 0, LOCKS, BASE },
	{ "cmpxchg rm8, r8", GPR, 0, 1, 0xb0, -1, 0, S8, 0, LOCKS, BASE },
	{ "cmpxchg rm, r", GPR, 0, 1, 0xb1, -1, 0, SZ, 0, LOCKS, BASE },
	{ "cmpxchg8b", GPR, 0, 1, 0xc7, 1, 0, S32, 0, M_ONLY | LOCKS, BASE },
	{ "cmpxchg16b", GPR, 0, 1, 0xc7, 1, 0, S64, 0, M_ONLY | LOCKS | ALIGN16, F_CX16 },
	{ "movnti", GPR, 0, 1, 0xc3, -1, 0, S32 | S64, 0, M_ONLY, BASE },
	{ "movdiri", GPR, 0, 2, 0xf9, -1, 0, S32 | S64, 0, M_ONLY, F_MOVDIRI },
	{ "cbw", PLAIN, 0, 0, 0x98, -1, 0, SZ, 0, 0, BASE },
	{ "cwd", PLAIN, 0, 0, 0x99, -1, 0, SZ, 0, 0, BASE },
	{ "lahf", PLAIN, 0, 0, 0x9f, -1, 0, S32, 0, 0, F_LAHF },
	{ "sahf", PLAIN, 0, 0, 0x9e, -1, 0, S32, 0, 0, F_LAHF },
	{ "clc", PLAIN, 0, 0, 0xf8, -1, 0, S32, 0, 0, BASE },
	{ "stc", PLAIN, 0, 0, 0xf9, -1, 0, S32, 0, 0, BASE },
	{ "cmc", PLAIN, 0, 0, 0xf5, -1, 0, S32, 0, 0, BASE },
	{ "pushf", PLAIN, 0, 0, 0x9c, -1, 0, S16 | S32, 0, 0, BASE },
	{ "nop", PLAIN, 0, 0, 0x90, -1, 0, S16 | S32, 0, 0, BASE },
	{ "nop rm", GPR, 0, 1, 0x1f, 0, 0, SZ, 0, 0, BASE },
	{ "push r", OPREG, 0, 0, 0x50, -1, 0, S16 | S32, 0, 0, BASE },
	{ "pop r", OPREG, 0, 0, 0x58, -1, 0, S16 | S32, 0, 0, BASE },
	{ "push rm", GPR, 0, 0, 0xff, 6, 0, S16 | S32, 0, W64, BASE },
	{ "pop rm", GPR, 0, 0, 0x8f, 0, 0, S16 | S32, 0, W64, BASE },
	{ "push imm", PLAIN, 0, 0, 0x68, -1, 5, S16 | S32, 0, 0, BASE },
	{ "push imm8", PLAIN, 0, 0, 0x6a, -1, 1, S16 | S32, 0, 0, BASE },
	{ "lea a32", GPR, 0x67, 0, 0x8d, -1, 0, SZ, 0, M_ONLY, BASE },
	{ "enter, leave", FRAME, 0, 0, 0xc8, -1, 0, S32, 0, 0, BASE },
	{ "maskmovdqu", XMM, 0x66, 1, 0xf7, -1, 0, S32, 0, R_ONLY | RDI_BUFFER, BASE },
	{ "maskmovq", MMX, 0, 1, 0xf7, -1, 0, S32, 0, R_ONLY | RDI_BUFFER, BASE },
	{ "xlat", STRING, 0, 0, 0xd7, -1, 0, S32, 0, 0, BASE },
	{ "call, ret", CALL, 0, 0, 0xe8, -1, 0, S32, 0, 0, BASE },
	{ "loop", LOOP, 0, 0, 0xe2, -1, 0, S32, 0, 0, BASE },
	{ "loope", LOOP, 0, 0, 0xe1, -1, 0, S32, 0, 0, BASE },
	{ "loopne", LOOP, 0, 0, 0xe0, -1, 0, S32, 0, 0, BASE },
	{ "jrcxz", BRANCH, 0, 0, 0xe3, -1, 0, S32, 0, 0, BASE },
	STR("movs", 0xa5), STR("stos", 0xab), STR("lods", 0xad), STR("cmps", 0xa7),
	STR("scas", 0xaf),
	/* SSE moves */
	PS("mova", 0x28), PD("mova", 0x28),
	{ "movaps store", XMM, 0, 1, 0x29, -1, 0, S32, 0, ALIGN16, BASE },
	{ "movups", XMM, 0, 1, 0x10, -1, 0, S32, 0, 0, BASE },
	{ "movupd", XMM, 0x66, 1, 0x10, -1, 0, S32, 0, 0, BASE },
	{ "movups store", XMM, 0, 1, 0x11, -1, 0, S32, 0, 0, BASE },
	V66("movdqa", 0x6f), V66("movdqa store", 0x7f),
	{ "movdqu", XMM, 0xf3, 1, 0x6f, -1, 0, S32, 0, 0, BASE },
	{ "movdqu store", XMM, 0xf3, 1, 0x7f, -1, 0, S32, 0, 0, BASE },
	{ "movntps", XMM, 0, 1, 0x2b, -1, 0, S32, 0, M_ONLY | ALIGN16, BASE },
	{ "movntdq", XMM, 0x66, 1, 0xe7, -1, 0, S32, 0, M_ONLY | ALIGN16, BASE },
	SS("mov", 0x10), SD("mov", 0x10), SS("mov store ", 0x11), SD("mov store ", 0x11),
	{ "movlps", XMM, 0, 1, 0x12, -1, 0, S32, 0, 0, BASE },
	{ "movhps", XMM, 0, 1, 0x16, -1, 0, S32, 0, 0, BASE },
	{ "movlps store", XMM, 0, 1, 0x13, -1, 0, S32, 0, M_ONLY, BASE },
	{ "movhps store", XMM, 0, 1, 0x17, -1, 0, S32, 0, M_ONLY, BASE },
	{ "movlpd", XMM, 0x66, 1, 0x12, -1, 0, S32, 0, M_ONLY, BASE },
	{ "movhpd", XMM, 0x66, 1, 0x16, -1, 0, S32, 0, M_ONLY, BASE },
	{ "movd xmm, rm", XMM_GPR, 0x66, 1, 0x6e, -1, 0, S32 | S64, 0, 0, BASE },
	{ "movd rm, xmm", XMM_GPR, 0x66, 1, 0x7e, -1, 0, S32 | S64, 0, 0, BASE },
	{ "movq xmm, xm", XMM, 0xf3, 1, 0x7e, -1, 0, S32, 0, 0, BASE },
	{ "movq xm, xmm", XMM, 0x66, 1, 0xd6, -1, 0, S32, 0, 0, BASE },
	{ "movd mm, rm", MMX_GPR, 0, 1, 0x6e, -1, 0, S32 | S64, 0, 0, BASE },
	{ "movd rm, mm", MMX_GPR, 0, 1, 0x7e, -1, 0, S32 | S64, 0, 0, BASE },
	{ "movq mm, mmm", MMX, 0, 1, 0x6f, -1, 0, S32, 0, 0, BASE },
	{ "movq mmm, mm", MMX, 0, 1, 0x7f, -1, 0, S32, 0, 0, BASE },
	{ "movntq", MMX, 0, 1, 0xe7, -1, 0, S32, 0, M_ONLY, BASE },
	{ "pshufw", MMX, 0, 1, 0x70, -1, 1, S32, 0, 0, BASE },
	{ "emms", PLAIN, 0, 1, 0x77, -1, 0, S32, 0, 0, BASE },
	{ "movmskps", GPR_XMM, 0, 1, 0x50, -1, 0, S32, 0, R_ONLY, BASE },
	{ "movmskpd", GPR_XMM, 0x66, 1, 0x50, -1, 0, S32, 0, R_ONLY, BASE },
	{ "pmovmskb", GPR_XMM, 0x66, 1, 0xd7, -1, 0, S32, 0, R_ONLY, BASE },
	{ "pmovmskb mm", GPR_MMX, 0, 1, 0xd7, -1, 0, S32, 0, R_ONLY, BASE },
	{ "lddqu", XMM, 0xf2, 1, 0xf0, -1, 0, S32, 0, M_ONLY, F_SSE3 },
	{ "movddup", XMM, 0xf2, 1, 0x12, -1, 0, S32, 0, 0, F_SSE3 },
	{ "movsldup", XMM, 0xf3, 1, 0x12, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "movshdup", XMM, 0xf3, 1, 0x16, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	/* SSE floating point */
	FP4("add", 0x58), FP4("mul", 0x59), FP4("sub", 0x5c), FP4("min", 0x5d),
	FP4("div", 0x5e), FP4("max", 0x5f), FP4("sqrt", 0x51), PS("rcp", 0x53), SS("rcp", 0x53),
	PS("rsqrt", 0x52), SS("rsqrt", 0x52), PS("and", 0x54), PD("and", 0x54),
	PS("andn", 0x55), PD("andn", 0x55), PS("or", 0x56), PD("or", 0x56), PS("xor", 0x57),
	PD("xor", 0x57), PS("unpckl", 0x14), PD("unpckl", 0x14), PS("unpckh", 0x15),
	PD("unpckh", 0x15),
	{ "shufps", XMM, 0, 1, 0xc6, -1, 1, S32, 0, ALIGN16, BASE },
	{ "shufpd", XMM, 0x66, 1, 0xc6, -1, 1, S32, 0, ALIGN16, BASE },
	{ "cmpps", XMM, 0, 1, 0xc2, -1, 1, S32, 0, ALIGN16, BASE },
	{ "cmppd", XMM, 0x66, 1, 0xc2, -1, 1, S32, 0, ALIGN16, BASE },
	{ "cmpss", XMM, 0xf3, 1, 0xc2, -1, 1, S32, 0, 0, BASE },
	{ "cmpsd", XMM, 0xf2, 1, 0xc2, -1, 1, S32, 0, 0, BASE },
	{ "ucomiss", XMM, 0, 1, 0x2e, -1, 0, S32, 0, 0, BASE },
	{ "ucomisd", XMM, 0x66, 1, 0x2e, -1, 0, S32, 0, 0, BASE },
	{ "comiss", XMM, 0, 1, 0x2f, -1, 0, S32, 0, 0, BASE },
	{ "comisd", XMM, 0x66, 1, 0x2f, -1, 0, S32, 0, 0, BASE },
	{ "cvtps2pd", XMM, 0, 1, 0x5a, -1, 0, S32, 0, 0, BASE },
	PD("cvtpd2ps ", 0x5a), SS("cvtss2sd ", 0x5a), SD("cvtsd2ss ", 0x5a),
	PS("cvtdq2ps ", 0x5b), PD("cvtps2dq ", 0x5b),
	{ "cvttps2dq", XMM, 0xf3, 1, 0x5b, -1, 0, S32, 0, ALIGN16, BASE },
	PD("cvttpd2dq ", 0xe6),
	{ "cvtpd2dq", XMM, 0xf2, 1, 0xe6, -1, 0, S32, 0, ALIGN16, BASE },
	SS("cvtdq2pd ", 0xe6),
	{ "cvtsi2ss", XMM_GPR, 0xf3, 1, 0x2a, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvtsi2sd", XMM_GPR, 0xf2, 1, 0x2a, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvtss2si", GPR_XMM, 0xf3, 1, 0x2d, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvtsd2si", GPR_XMM, 0xf2, 1, 0x2d, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvttss2si", GPR_XMM, 0xf3, 1, 0x2c, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvttsd2si", GPR_XMM, 0xf2, 1, 0x2c, -1, 0, S32 | S64, 0, 0, BASE },
	{ "cvtpi2ps", XMM_MMX, 0, 1, 0x2a, -1, 0, S32, 0, 0, BASE },
	{ "cvtpi2pd", XMM_MMX, 0x66, 1, 0x2a, -1, 0, S32, 0, 0, BASE },
	{ "cvtps2pi", MMX_XMM, 0, 1, 0x2d, -1, 0, S32, 0, 0, BASE },
	{ "cvttps2pi", MMX_XMM, 0, 1, 0x2c, -1, 0, S32, 0, 0, BASE },
	{ "cvtpd2pi", MMX_XMM, 0x66, 1, 0x2d, -1, 0, S32, 0, ALIGN16, BASE },
	{ "cvttpd2pi", MMX_XMM, 0x66, 1, 0x2c, -1, 0, S32, 0, ALIGN16, BASE },
	{ "movq2dq", XMM_MMX, 0xf3, 1, 0xd6, -1, 0, S32, 0, R_ONLY, BASE },
	{ "movdq2q", MMX_XMM, 0xf2, 1, 0xd6, -1, 0, S32, 0, R_ONLY, BASE },
	{ "haddps", XMM, 0xf2, 1, 0x7c, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "haddpd", XMM, 0x66, 1, 0x7c, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "hsubps", XMM, 0xf2, 1, 0x7d, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "hsubpd", XMM, 0x66, 1, 0x7d, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "addsubps", XMM, 0xf2, 1, 0xd0, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	{ "addsubpd", XMM, 0x66, 1, 0xd0, -1, 0, S32, 0, ALIGN16, F_SSE3 },
	V3A("roundps", 0x08, F_SSE41), V3A("roundpd", 0x09, F_SSE41),
	{ "roundss", XMM, 0x66, 3, 0x0a, -1, 1, S32, 0, 0, F_SSE41 },
	{ "roundsd", XMM, 0x66, 3, 0x0b, -1, 1, S32, 0, 0, F_SSE41 },
	V3A("dpps", 0x40, F_SSE41), V3A("dppd", 0x41, F_SSE41),
	/* SSE integer */
	VEC("punpcklbw", 0x60), VEC("punpcklwd", 0x61), VEC("punpckldq", 0x62),
	VEC("packsswb", 0x63), VEC("pcmpgtb", 0x64), VEC("pcmpgtw", 0x65), VEC("pcmpgtd", 0x66),
	VEC("packuswb", 0x67), VEC("punpckhbw", 0x68), VEC("punpckhwd", 0x69),
	VEC("punpckhdq", 0x6a), VEC("packssdw", 0x6b), V66("punpcklqdq", 0x6c),
	V66("punpckhqdq", 0x6d), VEC("pcmpeqb", 0x74), VEC("pcmpeqw", 0x75),
	VEC("pcmpeqd", 0x76), VEC("paddq", 0xd4), VEC("pmullw", 0xd5), VEC("psubusb", 0xd8),
	VEC("psubusw", 0xd9), VEC("pminub", 0xda), VEC("pand", 0xdb), VEC("paddusb", 0xdc),
	VEC("paddusw", 0xdd), VEC("pmaxub", 0xde), VEC("pandn", 0xdf), VEC("pavgb", 0xe0),
	VEC("pavgw", 0xe3), VEC("pmulhuw", 0xe4), VEC("pmulhw", 0xe5), VEC("psubsb", 0xe8),
	VEC("psubsw", 0xe9), VEC("pminsw", 0xea), VEC("por", 0xeb), VEC("paddsb", 0xec),
	VEC("paddsw", 0xed), VEC("pmaxsw", 0xee), VEC("pxor", 0xef), VEC("pmuludq", 0xf4),
	VEC("pmaddwd", 0xf5), VEC("psadbw", 0xf6), VEC("psubb", 0xf8), VEC("psubw", 0xf9),
	VEC("psubd", 0xfa), VEC("psubq", 0xfb), VEC("paddb", 0xfc), VEC("paddw", 0xfd),
	VEC("paddd", 0xfe), VSHIFT("psrlw", 0xd1, 0x71, 2), VSHIFT("psrld", 0xd2, 0x72, 2),
	VSHIFT("psrlq", 0xd3, 0x73, 2), VSHIFT("psraw", 0xe1, 0x71, 4),
	VSHIFT("psrad", 0xe2, 0x72, 4), VSHIFT("psllw", 0xf1, 0x71, 6),
	VSHIFT("pslld", 0xf2, 0x72, 6), VSHIFT("psllq", 0xf3, 0x73, 6),
	{ "psrldq", XMM, 0x66, 1, 0x73, 3, 1, S32, 0, R_ONLY, BASE },
	{ "pslldq", XMM, 0x66, 1, 0x73, 7, 1, S32, 0, R_ONLY, BASE },
	{ "pshufd", XMM, 0x66, 1, 0x70, -1, 1, S32, 0, ALIGN16, BASE },
	{ "pshuflw", XMM, 0xf2, 1, 0x70, -1, 1, S32, 0, ALIGN16, BASE },
	{ "pshufhw", XMM, 0xf3, 1, 0x70, -1, 1, S32, 0, ALIGN16, BASE },
	{ "pinsrw", XMM_GPR, 0x66, 1, 0xc4, -1, 1, S32, 0, 0, BASE },
	{ "pextrw", GPR_XMM, 0x66, 1, 0xc5, -1, 1, S32, 0, R_ONLY, BASE },
	{ "pinsrw mm", MMX_GPR, 0, 1, 0xc4, -1, 1, S32, 0, 0, BASE },
	{ "pextrw mm", GPR_MMX, 0, 1, 0xc5, -1, 1, S32, 0, R_ONLY, BASE },
	VEC3("pshufb", 0x00), VEC3("phaddw", 0x01), VEC3("phaddd", 0x02), VEC3("phaddsw", 0x03),
	VEC3("pmaddubsw", 0x04), VEC3("phsubw", 0x05), VEC3("phsubd", 0x06),
	VEC3("phsubsw", 0x07), VEC3("psignb", 0x08), VEC3("psignw", 0x09), VEC3("psignd", 0x0a),
	VEC3("pmulhrsw", 0x0b), VEC3("pabsb", 0x1c), VEC3("pabsw", 0x1d), VEC3("pabsd", 0x1e),
	V3A("palignr", 0x0f, F_SSSE3),
	{ "palignr mm", MMX, 0, 3, 0x0f, -1, 1, S32, 0, 0, F_SSSE3 },
	V38("pblendvb", 0x10, F_SSE41), V38("blendvps", 0x14, F_SSE41),
	V38("blendvpd", 0x15, F_SSE41), V38("ptest", 0x17, F_SSE41),
	{ "pmovsxbw", XMM, 0x66, 2, 0x20, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovsxbd", XMM, 0x66, 2, 0x21, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovsxbq", XMM, 0x66, 2, 0x22, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovsxwd", XMM, 0x66, 2, 0x23, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovsxwq", XMM, 0x66, 2, 0x24, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovsxdq", XMM, 0x66, 2, 0x25, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxbw", XMM, 0x66, 2, 0x30, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxbd", XMM, 0x66, 2, 0x31, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxbq", XMM, 0x66, 2, 0x32, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxwd", XMM, 0x66, 2, 0x33, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxwq", XMM, 0x66, 2, 0x34, -1, 0, S32, 0, 0, F_SSE41 },
	{ "pmovzxdq", XMM, 0x66, 2, 0x35, -1, 0, S32, 0, 0, F_SSE41 },
	V38("pmuldq", 0x28, F_SSE41), V38("pcmpeqq", 0x29, F_SSE41),
	V38("packusdw", 0x2b, F_SSE41), V38("pminsb", 0x38, F_SSE41),
	V38("pminsd", 0x39, F_SSE41), V38("pminuw", 0x3a, F_SSE41),
	V38("pminud", 0x3b, F_SSE41), V38("pmaxsb", 0x3c, F_SSE41),
	V38("pmaxsd", 0x3d, F_SSE41), V38("pmaxuw", 0x3e, F_SSE41),
	V38("pmaxud", 0x3f, F_SSE41), V38("pmulld", 0x40, F_SSE41),
	V38("phminposuw", 0x41, F_SSE41), V38("pcmpgtq", 0x37, F_SSE42),
	{ "movntdqa", XMM, 0x66, 2, 0x2a, -1, 0, S32, 0, M_ONLY | ALIGN16, F_SSE41 },
	V3A("blendps", 0x0c, F_SSE41), V3A("blendpd", 0x0d, F_SSE41),
	V3A("pblendw", 0x0e, F_SSE41), V3A("mpsadbw", 0x42, F_SSE41),
	{ "insertps", XMM, 0x66, 3, 0x21, -1, 1, S32, 0, 0, F_SSE41 },
	{ "extractps", XMM_GPR, 0x66, 3, 0x17, -1, 1, S32, 0, 0, F_SSE41 },
	{ "pextrb", XMM_GPR, 0x66, 3, 0x14, -1, 1, S32, 0, 0, F_SSE41 },
	{ "pextrw store", XMM_GPR, 0x66, 3, 0x15, -1, 1, S32, 0, 0, F_SSE41 },
	{ "pextrd", XMM_GPR, 0x66, 3, 0x16, -1, 1, S32 | S64, 0, 0, F_SSE41 },
	{ "pinsrb", XMM_GPR, 0x66, 3, 0x20, -1, 1, S32, 0, 0, F_SSE41 },
	{ "pinsrd", XMM_GPR, 0x66, 3, 0x22, -1, 1, S32 | S64, 0, 0, F_SSE41 },
	TXT("pcmpestrm", 0x60), TXT("pcmpestri", 0x61), TXT("pcmpistrm", 0x62),
	TXT("pcmpistri", 0x63), V38("aesimc", 0xdb, F_AES), V38("aesenc", 0xdc, F_AES),
	V38("aesenclast", 0xdd, F_AES), V38("aesdec", 0xde, F_AES),
	V38("aesdeclast", 0xdf, F_AES), V3A("aeskeygenassist", 0xdf, F_AES),
	V3A("pclmulqdq", 0x44, F_PCLMUL),
	{ "sha1rnds4", XMM, 0, 3, 0xcc, -1, 1, S32, 0, ALIGNED, F_SHA },
	{ "sha1nexte", XMM, 0, 2, 0xc8, -1, 0, S32, 0, ALIGNED, F_SHA },
	{ "sha1msg1", XMM, 0, 2, 0xc9, -1, 0, S32, 0, ALIGNED, F_SHA },
	{ "sha1msg2", XMM, 0, 2, 0xca, -1, 0, S32, 0, ALIGNED, F_SHA },
	{ "sha256rnds2", XMM, 0, 2, 0xcb, -1, 0, S32, 0, ALIGNED, F_SHA },
	{ "sha256msg1", XMM, 0, 2, 0xcc, -1, 0, S32, 0, ALIGNED, F_SHA },
	{ "sha256msg2", XMM, 0, 2, 0xcd, -1, 0, S32, 0, ALIGNED, F_SHA },
	ESC("x87 d8", 0xd8), ESC("x87 d9", 0xd9), ESC("x87 da", 0xda), ESC("x87 db", 0xdb),
	ESC("x87 dc", 0xdc), ESC("x87 dd", 0xdd), ESC("x87 de", 0xde), ESC("x87 df", 0xdf),
};
const unsigned diff_nr_forms = sizeof(diff_forms) / sizeof(diff_forms[0]);
