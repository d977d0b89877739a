// SPDX-License-Identifier: MIT
/*
 * A report: what happened, what the page is, what happened to it before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "strict/internal.h"

static const struct {
	const char *name, *why;
} kinds[] = {
	[PRIVATE_READ] = { "private-read", "The host gets ciphertext from it." },
	[PRIVATE_WRITE] = { "private-write", "Its content is lost; the next access under its key "
					     "is a machine check." },
	[PRIVATE_OPERAND] = { "private-operand", "Operands in memory, and a guest's shared memory, "
						 "must be pages of the host." },
	[DIRTY_CACHE] = { "dirty-cache", "Caches may hold lines of it under its old key id, which "
					 "would overwrite it: "
					 "TDH.PHYMEM.PAGE.WBINVD of the page, or "
					 "TDH.PHYMEM.CACHE.WB on each package "
					 "and TDH.MNG.KEY.FREEID, must come before." },
	[PAGE_IN_USE] = { "page-in-use",
			  "A page must be free (PT_NDA) to be given to the module." },
	[TLB_TRACK] = { "tlb-track", "It was blocked, but no TDH.MEM.TRACK came since: vCPUs may "
				     "still use it." },
	[OUT_OF_MEMORY] = { "out-of-memory",
			    "There is no memory for the records of pages: mistakes go unseen." },
};

static void put_look(FILE *out, const struct look *l)
{
	static const char *const size[] = { "4K", "2M", "1G" };

	if (l->pamt)
		fputs("part of a PAMT", out);
	else if (l->type == PT_NDA)
		fputs("free", out);
	else
		fprintf(out, "%s", page_type_name(l->type));
	if (l->type == PT_REG)
		fprintf(out, " of %s", size[l->level % NUM_PAGE_SIZES]);
	if (l->type != PT_NDA && l->type != PT_RSVD && l->owner)
		fprintf(out, " of the TD at 0x%" PRIx64, l->owner);
	if (l->state != NO_STATE && l->type != PT_NDA)
		fprintf(out, ", %s at GPA 0x%" PRIx64, sept_state_name(l->state), l->gpa);
}

static void put_lp(FILE *out, int lp)
{
	if (lp < 0)
		fputs("no processor", out);
	else
		fprintf(out, "processor %d", lp);
}

static void put_page(FILE *out, struct strict *s, uint64_t pa)
{
	struct look l = look_at(s->m->module, pa), mapped;
	const struct page *p = page_of(s, l.pa, false);
	uint16_t key = mem_key(&s->m->platform->mem, pa);

	if (p && l.type == PT_REG && p->now.gpa != NOT_WALKED &&
	    look_up(s->m->module, l.owner, p->now.gpa, l.level, &mapped) && mapped.pa == l.pa)
		l = mapped;
	fprintf(out, "  page 0x%" PRIx64 " is ", l.pa);
	put_look(out, &l);
	if (key)
		fprintf(out, "; its content is under key id %u", key);
	fputc('\n', out);
}

static void put_event(FILE *out, const struct event *e)
{
	fprintf(out, "    call %" PRIu64 ", TSC 0x%" PRIx64 ", ", e->number, e->tsc);
	put_lp(out, e->lp);
	fprintf(out, ": %s", e->what);
	if (memcmp(&e->from, &e->to, sizeof(e->from)) != 0) {
		fputs(": ", out);
		put_look(out, &e->from);
		fputs(" -> ", out);
		put_look(out, &e->to);
	}
	fputc('\n', out);
}

/* A page's own history, and that of the large pages that it was part of. */
static void put_history(FILE *out, struct strict *s, uint64_t pa)
{
	bool any = false;

	fputs("  its history:\n", out);
	for (int level = PAGE_SIZE_1G; level >= PAGE_SIZE_4K; level--) {
		uint64_t base = pa & ~(PAGE_SIZE_OF(level) - 1);
		const struct page *p = page_of(s, base, false);

		for (unsigned i = 0; p && i < p->events; i++) {
			const struct event *e = &p->event[i];
			unsigned size = e->to.level > e->from.level ? e->to.level : e->from.level;

			if (level != PAGE_SIZE_4K && (int)size != level)
				continue;
			if (level == PAGE_SIZE_4K && size &&
			    base != (pa & ~(PAGE_SIZE_OF(size) - 1)))
				continue;
			if (level == PAGE_SIZE_4K && size)
				continue;
			put_event(out, e);
			any = true;
		}
	}
	if (!any)
		fputs("    none: it was not in use since the sanitizer began\n", out);
}

static void put_access(FILE *out, const struct strict *s, const struct mistake *x)
{
	const struct strict_call *c = x->lp < 0 ? NULL : &s->call[x->lp];
	const char *leaf = c && c->leaf ? c->leaf->name : NULL;

	if (x->kind == PAGE_IN_USE)
		fprintf(out, "  %s, operand %s: 0x%" PRIx64, leaf, x->how, x->pa);
	else if (x->kind == TLB_TRACK)
		fprintf(out, "  %s", leaf);
	else if (!x->how[0] || x->how[0] == 'i')
		fprintf(out, "  %s: page 0x%" PRIx64 " %s", leaf, x->pa, x->how);
	else if (leaf)
		fprintf(out, "  %s %s %" PRIu64 " bytes at 0x%" PRIx64, leaf, x->how, x->len,
			x->pa);
	else
		fprintf(out, "  %s %s %" PRIu64 " bytes at 0x%" PRIx64,
			c && c->in_guest ? "the guest" : "the host", x->how, x->len, x->pa);
	fprintf(out, ", after %" PRIu64 " calls, on ", s->calls);
	put_lp(out, x->lp);
	fputc('\n', out);
}

/* What takes no memory: the first line of a report, why, and the last one. */
static void put_essence(char *text, size_t len, const struct mistake *x)
{
	snprintf(text, len,
		 "ERROR: strict-memory: %s at 0x%" PRIx64 "\n  %s\n"
		 "SUMMARY: strict-memory: %s 0x%" PRIx64 " (out of memory for more)\n",
		 kinds[x->kind].name, x->pa, kinds[x->kind].why, kinds[x->kind].name, x->pa);
}

static void put_report(FILE *out, struct strict *s, const struct mistake *x)
{
	fputs("=================================================================\n", out);
	fprintf(out, "ERROR: strict-memory: %s at 0x%" PRIx64 "\n", kinds[x->kind].name, x->pa);
	put_access(out, s, x);
	put_page(out, s, x->pa);
	put_history(out, s, x->pa);
	fprintf(out, "  %s\n", kinds[x->kind].why);
	fprintf(out, "SUMMARY: strict-memory: %s 0x%" PRIx64 "\n", kinds[x->kind].name, x->pa);
}

/* To be freed; NULL: no memory. */
static char *make_report(struct strict *s, const struct mistake *x)
{
	char *text = NULL;
	size_t len;
	FILE *out = x->kind == OUT_OF_MEMORY ? NULL : open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_report(out, s, x);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

void strict_report(struct strict *s, const struct mistake *x)
{
	struct seamless_strict_report report = { .kind = kinds[x->kind].name,
						 .pa = x->pa,
						 .lp = x->lp };
	char *text = make_report(s, x), essence[500];

	s->reports++;
	put_essence(essence, sizeof(essence), x);
	report.text = text ? text : essence;
	pthread_mutex_unlock(&s->lock);
	s->tell(s->opaque, &report);
	pthread_mutex_lock(&s->lock);
	free(text);
}

void strict_report_blindness(struct strict *s, int lp)
{
	if (!s->blind || s->blind_told)
		return;
	s->blind_told = true;
	strict_report(s, &(struct mistake){ .kind = OUT_OF_MEMORY, .lp = lp });
}
