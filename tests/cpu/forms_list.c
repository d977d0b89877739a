// SPDX-License-Identifier: MIT
/*
 * Writes docs/cpu-forms.md: what the interpreter executes, and how each instruction is tested. The
 * differential test's part is found by generating its forms and decoding them; what runs in guests
 * is named below. Usage: cpu_forms_list [FILE]: prints the page, or compares it with FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test_file.h"
#include "cpu/forms.h"
#include "diff_gen.h"

#define MAX_MNEMONICS 4096u
#define SAMPLES	      400u

/* Instructions that a user program of the host can't run, by where they are tested. */
static const struct {
	const char *where, *mnemonics;
} guests[] = {
	{ "tests/cpu/priv, in QEMU too",
	  "aaa aad aam aas arpl bound clts daa das hlt iret iretd iretq int int3 into invlpg lar "
	  "lgdt "
	  "lidt lldt lsl ltr rdgsbase rdmsr salc sgdt sldt smsw str swapgs syscall sysret ud2 verr "
	  "verw wrfsbase wrmsr pusha pushad popa popad cli popf popfq popfd pushfd" },
	{ "tests/cpu/priv", "int1 invpcid sysenter sysexit rdfsbase" },
	{ "tests/cpu", "cpuid fxsave fxrstor in out outsb insb invept lmsw monitor mwait pause "
		       "rdpmc rdrand rdseed "
		       "rdtsc rdtscp sti stac clac vmcall tdcall wbinvd xrstor xrstors xsave "
		       "xsavec xsaveopt xsaves "
		       "xgetbv xsetbv ldmxcsr stmxcsr clflush mfence" },
};

struct list {
	struct cpu *cpu;
	const char *name[MAX_MNEMONICS]; /* those with handlers, in alphabetical order */
	bool native[MAX_MNEMONICS];
	unsigned nr;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect(struct list *l)
{
	const char *name;

	for (unsigned i = 0; cpu_form_mnemonic(l->cpu, i, &name); i++)
		if (name && l->nr < MAX_MNEMONICS)
			l->name[l->nr++] = name;
	qsort(l->name, l->nr, sizeof(l->name[0]), by_name);
}

static void mark(struct list *l, const char *mnemonic)
{
	const char **found = bsearch(&mnemonic, l->name, l->nr, sizeof(l->name[0]), by_name);

	if (found)
		l->native[found - l->name] = true;
}

/* Decodes what the generator of the differential test emits for every form. */
static void mark_native(struct list *l)
{
	static uint8_t code[DIFF_CODE_SIZE], data[DIFF_DATA_SIZE];
	struct diff_gen g = { 1, code, data, 0 };
	struct cpu_form form;

	for (unsigned i = 0; i < diff_nr_forms * SAMPLES; i++) {
		g.len = 0;
		diff_emit(&g, &diff_forms[i / SAMPLES]);
		for (unsigned at = 0; at < g.len; at += form.len) {
			if (!cpu_form_decode(l->cpu, true, code + at, g.len - at, &form))
				break;
			mark(l, form.mnemonic);
		}
	}
}

static const char *guest_of(const char *mnemonic)
{
	size_t len = strlen(mnemonic);

	for (unsigned i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		for (const char *p = guests[i].mnemonics; (p = strstr(p, mnemonic)); p += len)
			if ((p == guests[i].mnemonics || p[-1] == ' ') &&
			    (p[len] == ' ' || !p[len]))
				return guests[i].where;
	return NULL;
}

static void print_group(const struct list *l, FILE *out, const char *where, bool native)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->nr; i++) {
		const char *guest = guest_of(l->name[i]);

		if (l->native[i] != native ||
		    (!native && (where ? !guest || guest != where : !!guest)))
			continue;
		fprintf(out, "%s%s", n++ % 16 ? " " : "\n", l->name[i]);
	}
	fprintf(out, "\n\n(%u)\n\n", n);
}

static void print_page(const struct list *l, FILE *out)
{
	fprintf(out,
		"<!-- SPDX-License-Identifier: MIT -->\n"
		"<!-- made by tests/cpu/forms_list.c; a test holds it fresh -->\n"
		"# What the interpreter executes, and how it is tested\n\n"
		"%u mnemonics have handlers. `build/tests/cpu/cpu_sweep FILE` names what an ELF "
		"file\n"
		"has beside them; `--64` and `--32` do so for every legacy encoding.\n\n"
		"## Compared with the real processor (tests/cpu, `cpu_diff`), in %u forms\n",
		l->nr, diff_nr_forms);
	print_group(l, out, NULL, true);
	for (unsigned i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
		fprintf(out, "## Checked by guest code: %s\n", guests[i].where);
		print_group(l, out, guests[i].where, false);
	}
	fprintf(out, "## Without a test of their own\n\n"
		     "Hints that do nothing, instructions that always leave the guest or raise "
		     "#UD, other\n"
		     "operand sizes of the above, and:\n");
	print_group(l, out, NULL, false);
}

static int compare(const char *page, const char *name)
{
	size_t size;
	char *have = (char *)read_whole(name, &size);
	bool same = have && !strcmp(have, page);

	free(have);
	if (same)
		return 0;
	fprintf(stderr, "%s is stale: cpu_forms_list >%s\n", name, name);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct cpu_ops ops;
	static struct list l;
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);
	int status = 0;

	l.cpu = cpu_create(NULL, &ops, NULL);
	if (!l.cpu || !out)
		return 2;
	collect(&l);
	mark_native(&l);
	print_page(&l, out);
	fclose(out);
	if (argc > 1)
		status = compare(page, argv[1]);
	else
		fputs(page, stdout);
	free(page);
	cpu_destroy(l.cpu);
	return status;
}
