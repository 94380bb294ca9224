#include <releve/engine/spans.hpp>

#include <algorithm>

namespace releve::engine {

std::vector<CivilSpan> joined(std::vector<CivilSpan> spans)
{
    std::erase_if(spans, [](const CivilSpan& span) { return span.from >= span.to; });
    std::ranges::sort(spans, {}, [](const CivilSpan& span) { return std::pair{span.from, span.to}; });
    std::vector<CivilSpan> out;
    for (const CivilSpan& span : spans)
        if (!out.empty() && span.from <= out.back().to)
            out.back().to = std::max(out.back().to, span.to);
        else
            out.push_back(span);
    return out;
}

std::vector<CivilSpan> without(std::span<const CivilSpan> from, std::span<const CivilSpan> what)
{
    std::vector<CivilSpan> left(from.begin(), from.end());
    for (const CivilSpan& cut : what) {
        std::vector<CivilSpan> next;
        for (const CivilSpan& one : left) {
            next.push_back({one.from, std::min(one.to, cut.from)});
            next.push_back({std::max(one.from, cut.to), one.to});
        }
        std::erase_if(next, [](const CivilSpan& span) { return span.from >= span.to; });
        left = std::move(next);
    }
    return joined(std::move(left));
}

std::vector<CivilSpan> common(std::span<const CivilSpan> a, std::span<const CivilSpan> b)
{
    return without(a, without(a, b));
}

} // namespace releve::engine
