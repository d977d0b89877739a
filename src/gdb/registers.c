// SPDX-License-Identifier: MIT
/*
 * The table of registers, and what is made from it.
 */
#include "gdb/registers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Target description features (gdb manual, appendix G): those that gdb knows for x86-64, and ours.
 */
enum feature { CORE, SSE, SEGMENTS, SYSTEM, FEATURES };

static const char *const feature_names[FEATURES] = {
	[CORE] = "org.gnu.gdb.i386.core",
	[SSE] = "org.gnu.gdb.i386.sse",
	[SEGMENTS] = "org.gnu.gdb.i386.segments",
	[SYSTEM] = "org.seamless.tdx.system",
};

struct reg {
	const char *name;
	const char *type;
	uint16_t bits;	 /* as gdb has it */
	uint16_t offset; /* in struct seamless_state */
	uint8_t bytes;	 /* there; 0: none, reads as zero */
	uint8_t feature;
	bool tags; /* the x87 tag word, which the state has in its abridged form */
};

#define SIZE_OF(member) sizeof(((struct seamless_state *)0)->member)
#define REG(name, type, bits, feature, member)                                                     \
	{                                                                                          \
		name, type, bits, offsetof(struct seamless_state, member),                         \
			SIZE_OF(member) < (bits) / 8 ? SIZE_OF(member) : (bits) / 8, feature,      \
			false                                                                      \
	}
#define GPR(name, index)      REG(name, "int64", 64, CORE, gpr[index])
#define POINTER(name, member) REG(name, "data_ptr", 64, CORE, member)
#define SELECTOR(name, index) REG(name, "int32", 32, CORE, seg[index].selector)
#define X87(name, index)      REG(name, "i387_ext", 80, CORE, st[index])
#define X87_WORD(name, member)                                                                     \
	{                                                                                          \
		name, "int", 32, offsetof(struct seamless_state, member), 2, CORE, false           \
	}
#define XMM(name, index)	       REG(name, "vec128", 128, SSE, xmm[index])
#define SYSTEM_REG(name, type, member) REG(name, type, 64, SYSTEM, member)

static const struct reg registers[] = {
	GPR("rax", 0),
	GPR("rbx", 3),
	GPR("rcx", 1),
	GPR("rdx", 2),
	GPR("rsi", 6),
	GPR("rdi", 7),
	POINTER("rbp", gpr[5]),
	POINTER("rsp", gpr[4]),
	GPR("r8", 8),
	GPR("r9", 9),
	GPR("r10", 10),
	GPR("r11", 11),
	GPR("r12", 12),
	GPR("r13", 13),
	GPR("r14", 14),
	GPR("r15", 15),
	REG("rip", "code_ptr", 64, CORE, rip),
	REG("eflags", "x86_eflags", 32, CORE, rflags),
	SELECTOR("cs", 1),
	SELECTOR("ss", 2),
	SELECTOR("ds", 3),
	SELECTOR("es", 0),
	SELECTOR("fs", 4),
	SELECTOR("gs", 5),
	X87("st0", 0),
	X87("st1", 1),
	X87("st2", 2),
	X87("st3", 3),
	X87("st4", 4),
	X87("st5", 5),
	X87("st6", 6),
	X87("st7", 7),
	X87_WORD("fctrl", fcw),
	X87_WORD("fstat", fsw),
	{ "ftag", "int", 32, offsetof(struct seamless_state, ftw), 2, CORE, true },
	{ "fiseg", "int", 32, offsetof(struct seamless_state, fip) + 4, 2, CORE, false },
	{ "fioff", "int", 32, offsetof(struct seamless_state, fip), 4, CORE, false },
	{ "foseg", "int", 32, offsetof(struct seamless_state, fdp) + 4, 2, CORE, false },
	{ "fooff", "int", 32, offsetof(struct seamless_state, fdp), 4, CORE, false },
	X87_WORD("fop", fop),
	XMM("xmm0", 0),
	XMM("xmm1", 1),
	XMM("xmm2", 2),
	XMM("xmm3", 3),
	XMM("xmm4", 4),
	XMM("xmm5", 5),
	XMM("xmm6", 6),
	XMM("xmm7", 7),
	XMM("xmm8", 8),
	XMM("xmm9", 9),
	XMM("xmm10", 10),
	XMM("xmm11", 11),
	XMM("xmm12", 12),
	XMM("xmm13", 13),
	XMM("xmm14", 14),
	XMM("xmm15", 15),
	REG("mxcsr", "x86_mxcsr", 32, SSE, mxcsr),
	REG("fs_base", "int", 64, SEGMENTS, seg[4].base),
	REG("gs_base", "int", 64, SEGMENTS, seg[5].base),
	SYSTEM_REG("k_gs_base", "int", kernel_gs_base),
	SYSTEM_REG("cr0", "x64_cr0", cr0),
	SYSTEM_REG("cr2", "data_ptr", cr2),
	SYSTEM_REG("cr3", "data_ptr", cr3),
	SYSTEM_REG("cr4", "x64_cr4", cr4),
	SYSTEM_REG("cr8", "int", cr8),
	SYSTEM_REG("efer", "x64_efer", efer),
};

#define NR (sizeof(registers) / sizeof(registers[0]))

unsigned gdb_registers(void)
{
	return NR;
}

size_t gdb_register_size(unsigned number)
{
	return registers[number].bits / 8u;
}

/* ---- values ---- */

#define TAG_VALID   0u
#define TAG_ZERO    1u
#define TAG_SPECIAL 2u
#define TAG_EMPTY   3u

static unsigned tag_of(const uint8_t st[10])
{
	uint64_t significand;
	uint16_t exponent;

	memcpy(&significand, st, sizeof(significand));
	memcpy(&exponent, st + 8, sizeof(exponent));
	exponent &= 0x7fff;
	if (!exponent && !significand)
		return TAG_ZERO;
	return exponent && exponent != 0x7fff && significand >> 63 ? TAG_VALID : TAG_SPECIAL;
}

/* Tags are those of the physical registers; ST(0) is the one that TOP in the status word names. */
static uint16_t full_tags(const struct seamless_state *s)
{
	unsigned tags = 0, top = s->fsw >> 11 & 7;

	for (unsigned i = 0; i < 8; i++)
		tags |= (s->ftw >> i & 1 ? tag_of(s->st[(i - top) & 7]) : TAG_EMPTY) << 2 * i;
	return (uint16_t)tags;
}

static uint8_t abridged_tags(const uint8_t tags[2])
{
	unsigned abridged = 0;

	for (unsigned i = 0; i < 8; i++)
		abridged |= (tags[i / 4] >> 2 * (i % 4) & 3) != TAG_EMPTY ? 1u << i : 0;
	return (uint8_t)abridged;
}

size_t gdb_register_get(const struct seamless_state *state, unsigned number,
			uint8_t value[GDB_REGISTER_MAX])
{
	const struct reg *r = &registers[number];
	uint16_t tags = full_tags(state);

	memset(value, 0, GDB_REGISTER_MAX);
	memcpy(value, r->tags ? (const char *)&tags : (const char *)state + r->offset, r->bytes);
	return r->bits / 8u;
}

void gdb_register_set(struct seamless_state *state, unsigned number,
		      const uint8_t value[GDB_REGISTER_MAX])
{
	const struct reg *r = &registers[number];

	if (r->tags)
		state->ftw = abridged_tags(value);
	else
		memcpy((char *)state + r->offset, value, r->bytes);
}

/* ---- the target description ---- */

struct bits {
	const char *type;
	unsigned size;
	const char *names; /* in order of their bits, "bit:name" */
};

static const struct bits flag_types[] = {
	{ "x86_eflags", 4,
	  "0:CF 1: 2:PF 4:AF 6:ZF 7:SF 8:TF 9:IF 10:DF 11:OF 14:NT 16:RF 17:VM 18:AC 19:VIF 20:VIP "
	  "21:ID" },
	{ "x86_mxcsr", 4,
	  "0:IE 1:DE 2:ZE 3:OE 4:UE 5:PE 6:DAZ 7:IM 8:DM 9:ZM 10:OM 11:UM 12:PM 15:FZ" },
	{ "x64_cr0", 8, "0:PE 1:MP 2:EM 3:TS 4:ET 5:NE 16:WP 18:AM 29:NW 30:CD 31:PG" },
	{ "x64_cr4", 8,
	  "0:VME 1:PVI 2:TSD 3:DE 4:PSE 5:PAE 6:MCE 7:PGE 8:PCE 9:OSFXSR 10:OSXMMEXCPT 11:UMIP "
	  "12:LA57 13:VMXE 14:SMXE 16:FSGSBASE 17:PCIDE 18:OSXSAVE 20:SMEP 21:SMAP 22:PKE" },
	{ "x64_efer", 8, "0:SCE 8:LME 10:LMA 11:NXE" },
};

static const char vectors[] =
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	"<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	"<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	"<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" "
	"type=\"uint128\"/></union>";

struct text {
	char *at;
	size_t size, room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	size_t used = t->size < t->room ? t->size : t->room;
	va_list ap;

	va_start(ap, format);
	t->size += (size_t)vsnprintf(t->at + used, t->room - used, format, ap);
	va_end(ap);
}

static void add_flags(struct text *t, const struct bits *b)
{
	const char *p = b->names;
	unsigned bit;
	int used;

	add(t, "<flags id=\"%s\" size=\"%u\">", b->type, b->size);
	while (sscanf(p, "%u:%n", &bit, &used) == 1) {
		size_t n = strcspn(p + used, " ");

		add(t, "<field name=\"%.*s\" start=\"%u\" end=\"%u\"/>", (int)n, p + used, bit,
		    bit);
		p += (size_t)used + n;
	}
	add(t, "</flags>");
}

/* A type is told of before the first register that has it, in the same feature. */
static void add_types(struct text *t, enum feature feature)
{
	if (feature == SSE)
		add(t, "%s", vectors);
	for (size_t f = 0; f < sizeof(flag_types) / sizeof(flag_types[0]); f++)
		for (size_t i = 0; i < NR; i++)
			if (registers[i].feature == feature &&
			    !strcmp(registers[i].type, flag_types[f].type)) {
				add_flags(t, &flag_types[f]);
				break;
			}
}

size_t gdb_target_xml(char *xml, size_t room)
{
	struct text t = { .at = xml, .room = room };

	add(&t, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
		"<architecture>i386:x86-64</architecture>");
	for (unsigned f = 0; f < FEATURES; f++) {
		add(&t, "<feature name=\"%s\">", feature_names[f]);
		add_types(&t, (enum feature)f);
		for (size_t i = 0; i < NR; i++)
			if (registers[i].feature == f)
				add(&t,
				    "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%zu\"/>",
				    registers[i].name, registers[i].bits, registers[i].type, i);
		add(&t, "</feature>");
	}
	add(&t, "</target>");
	return t.size;
}
