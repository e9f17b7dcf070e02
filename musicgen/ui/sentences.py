"""The sentences that the page says, in Korean; English is what the code says. Labels are in ``words``.

Gradio puts in one phrase a text, so of a sentence that depends on a request only what stands beside its name or number
can be told: those are in ``PARTS``. Sentences with figures in their middle, facts, pictures, choices
of a list and pop-up notices are English. Knows nothing of what is on the page.
"""

from __future__ import annotations

# Whole texts; where they explain, with HTML in them.
SENTENCES = {
    # what the tabs are about
    "A frame of sound is a column of codes, one from each codebook; each corrects the ones before it. <b>A pattern is "
    "the order in which the codes are predicted.</b> Codes of one step are drawn blind to each other, as if they were "
    "independent. One code a step avoids that, but with four codebooks takes four times as many steps. All codes of a "
    "frame in one step draws blind just what belongs together: a code and its corrections. <b>Delay</b> lets each "
    "codebook lag one step behind the coarser one. A step still draws four codes blind, but of four different frames, "
    "and each sees all coarser codes of its own frame. The price: a frame begins before the fine codes of the three "
    "before it are known. It is not exact, but in the paper nearly as good as flattening (FAD 0.96 to 0.86), in a "
    "quarter of the steps.":
        "소리의 한 프레임은 코드북에서 하나씩 고른 코드가 한 줄로 선 것이고, 다음 코드는 앞의 것들을 바로잡습니다. "
        "<b>패턴은 이 코드들을 예측하는 순서입니다.</b> 한 걸음의 코드는 서로 상관없는 것처럼, 서로를 보지 못한 채 "
        "뽑힙니다. 한 걸음에 하나씩 뽑으면 그럴 일이 없지만, 코드북이 넷이면 걸음이 네 배가 됩니다. 한 프레임의 코드를 "
        "한꺼번에 뽑으면 하필 함께 있어야 할 것, 곧 코드와 그것을 바로잡는 코드가 서로를 보지 못합니다. "
        "<b>지연</b>에서는 각 코드북이 더 거친 코드북보다 한 걸음 늦게 갑니다. 한 걸음의 네 코드는 여전히 서로를 보지 "
        "못하지만 저마다 다른 프레임의 것이고, 같은 프레임의 더 거친 코드는 모두 봅니다. 대가는 앞선 세 프레임의 고운 "
        "코드를 알기 전에 새 프레임을 시작하는 것입니다. 정확하지는 않지만, 논문에서는 flattening과 거의 같은 품질(FAD "
        "0.96과 0.86)을 4분의 1의 걸음으로 냅니다.",
    "A <b>frame</b> is 20 ms of sound. A <b>code</b> is the number of an entry in a <b>codebook</b>, a list of 1,024 "
    "(pocket's codec) or 2,048 (EnCodec); the entries of a frame are added up.":
        "<b>프레임</b>은 소리 20 ms입니다. <b>코드</b>는 <b>코드북</b>에 있는 항목의 번호입니다. 코드북은 "
        "1,024개(pocket의 코덱) 또는 2,048개(EnCodec) 항목의 목록이고, 한 프레임의 항목들은 서로 더해집니다.",
    "Each column is a frame (20 ms), each row a codebook, each colour the number of a code. Within a row equal colours "
    "are equal codes; similar colours are not similar sounds.":
        "한 열은 프레임(20 ms), 한 행은 코드북, 색은 코드의 번호입니다. 한 행에서 같은 코드는 색이 같지만, 색이 "
        "비슷하다고 소리가 비슷한 것은 아닙니다.",
    "A pair of numbers is (frame, codebook). <b>Look for</b> codes outlined together: they are predicted without "
    "seeing each other. Look for the triangles, too: they show how soon a frame is complete and can be heard.":
        "괄호 안은 (프레임, 코드북)입니다. <b>살펴볼 것</b>: 함께 테두리가 있는 코드는 서로를 보지 못한 채 "
        "예측됩니다. 세모는 한 프레임이 얼마나 빨리 완성되어 들리는지 보여 줍니다.",
    "Compare by ear": "귀로 비교하기",
    "The same prompt, seed and plan through several patterns. <b>Listen for</b> what is lost: the sound gets rough, "
    "watery or noisy when fine codes do not match the coarse ones of their frame; beat and harmony fall apart when the "
    "coarse codes themselves go wrong. <b>Look at</b> how the grid fills: column by column or, with coarse first and "
    "MusicLM, row by row.":
        "같은 프롬프트, 시드, 계획을 여러 패턴으로 만듭니다. <b>들어 볼 것</b>: 고운 코드가 같은 프레임의 거친 코드와 "
        "맞지 않으면 소리가 거칠거나 물속 같거나 지직거리고, 거친 코드가 틀리면 박자와 화음이 무너집니다. <b>볼 "
        "것</b>: 격자가 한 열씩 채워집니다. coarse first와 MusicLM에서는 한 행씩 채워집니다.",
    "The codec writes each frame as a few codes, one from each codebook (book, for short). The first says roughly what "
    "it sounds like; <b>each of the others corrects what the ones before it missed</b>. Hear how far the first ones "
    "get you, and what the last ones add.":
        "코덱은 프레임마다 코드북에서 하나씩 고른 코드 몇 개로 소리를 적습니다. 첫 코드는 대강 어떤 소리인지 "
        "말하고, <b>다음 코드북은 앞의 것들이 놓친 것을 바로잡습니다</b>. 처음 것들로 어디까지 되는지, 마지막 것들이 "
        "무엇을 더하는지 들어 보세요.",
    "<b>Log-mel distance</b>: by how many decibels a copy is off, averaged over windows of 64 ms and 64 mel bands; 0 "
    "means no difference. <b>Spectral SNR</b>: the energy of the original's spectrum over that of the difference "
    "between the two, in dB; more is better. Both compare magnitudes and are blind to phase, which a codec may make up "
    "and the ear hardly hears.":
        "<b>Log-mel distance</b>: 64 ms 구간과 64개의 멜 대역에서 평균 몇 데시벨 다른지. 0이면 같습니다. "
        "<b>Spectral SNR</b>: 원본 스펙트럼의 에너지와 둘의 차이의 에너지의 비(dB). 클수록 좋습니다. 둘 다 크기만 "
        "비교하고 위상은 보지 않습니다. 위상은 코덱이 지어낼 수 있고 귀는 거의 듣지 못합니다.",
    # a take
    "Done.": "다 되었습니다.",
    "Stopped; this is what was made.": "멈췄습니다. 여기까지 만든 것입니다.",
    "Stopped before it began.": "시작하기 전에 멈췄습니다.",
    "Stopped before there was any sound.": "소리가 나오기 전에 멈췄습니다.",
    "Something went wrong on the server; its log says what.": "서버에 문제가 생겼습니다. 서버 기록에 이유가 있습니다.",
    "This did not start: a setting is out of range, or the server is full. Try again in a moment.":
        "시작하지 못했습니다. 설정이 범위를 벗어났거나 서버가 꽉 찼습니다. 잠시 뒤에 다시 해 보세요.",
    "Listening to the melody …": "선율을 듣는 중 …",
    "Demucs picked the vocals and other instruments out of the mix, and left out drums and bass.":
        "Demucs가 목소리와 다른 악기를 골라냈고, 드럼과 베이스는 뺐습니다.",
    "librosa picked out the notes that ring on, and left out drum hits and low notes.":
        "librosa가 이어지는 소리를 골라냈고, 두드리는 소리와 낮은 소리는 뺐습니다.",
    "The melody was taken from the whole sound.": "선율을 소리 전체에서 얻었습니다.",
    "Where it is silent, the model is told a C: these models know no rests.":
        "소리가 없는 곳은 C로 전해집니다. 이 모델들은 쉼을 모릅니다.",
    "Beside a melody the model is told no key; the melody brings its own.":
        "선율이 있으면 조성은 따로 전하지 않습니다. 선율이 제 조성을 가져옵니다.",
    "Switched off: the model is told no tempo, key, chords or players.":
        "꺼져 있습니다. 빠르기, 조성, 화음, 악기를 알려 주지 않습니다.",
    "This model reads words only; what is set by hand here is added to them.":
        "이 모델은 글만 읽습니다. 여기서 직접 정한 것은 글에 덧붙입니다.",
    "The bars are counted at the tempo that will be heard in the audio.": "마디는 들리는 빠르기로 셉니다.",
    "Bars need a tempo; set one by hand such as 120 bpm, or leave the bars free and give seconds.":
        "마디로 세려면 빠르기가 있어야 합니다. 120 bpm처럼 직접 정하거나, 마디 수를 free로 두고 초로 정하세요.",
    "Ask for at least one bar, or leave the bars free.": "마디는 하나 이상이어야 합니다. 아니면 free로 두세요.",
    "Its tune is now the melody to follow. Change the words and press Generate.":
        "이제 이 테이크의 선율을 따라갑니다. 글을 바꾸고 생성을 누르세요.",
    "The file of this take is no longer here; open it again from Takes, or make it again.":
        "이 테이크의 파일이 더는 없습니다. 테이크 탭에서 다시 열거나 다시 만드세요.",
    # patterns, codebooks, how it works
    "An order these weights know.": "이 가중치가 아는 순서입니다.",
    "An order these weights have never seen.": "이 가중치가 배우지 않은 순서입니다.",
    "Not one of the seven orders this model learned; it is told which codes each step holds, but may fail.":
        "이 모델이 배운 일곱 가지 순서에 없습니다. 걸음마다 무엇이 들어 있는지 전해 듣지만, 잘못될 수 있습니다.",
    "FAD: how far the takes as a whole are from real music, as a neural network hears it. KL: how differently a "
    "network that tags music labels the take and the real piece. CLAP: how well sound and words match. Lower is better "
    "for FAD and KL, higher for CLAP. From the paper's Table 4: takes of 30 s, the paper's own test set, one model for "
    "each pattern.":
        "FAD: 테이크 전체가 실제 음악에서 얼마나 먼지, 신경망이 들은 것. KL: 자동 분류기가 테이크와 실제 곡에 붙인 "
        "꼬리표가 얼마나 다른지. CLAP: 소리와 글이 얼마나 맞는지. FAD와 KL은 작을수록, CLAP은 클수록 좋습니다. 논문의 "
        "표 4에서 옮겼습니다: 30초 테이크, 논문 자체의 시험 곡, 패턴마다 모델 하나.",
    "Own frame: in how many of all pairs of codes in a frame the finer code sees the coarser one. Past: how many codes "
    "of the 3 frames before it codebook 1 sees. Sorted by the first, then by the second, the paper's six patterns "
    "(with four codebooks) stand in the order of their FAD: seeing one's own frame counts most. Six rows are a hint, "
    "not a law. Drawn blind: pairs of codes that share a step, for each frame; of two numbers the first is of pairs in "
    "the same frame.":
        "Own frame: 코드들이 자기 프레임의 더 거친 코드를 얼마나 보는지, 모든 쌍을 세어. Past: 코드북 1이 앞선 "
        "3개 프레임의 코드를 얼마나 보는지. 첫째, 그다음 둘째로 늘어놓으면 논문의 여섯 패턴(코드북 네 개)이 FAD "
        "순서가 됩니다: 자기 프레임을 보는 것이 가장 중요합니다. 여섯 줄은 실마리일 뿐 법칙은 아닙니다. "
        "Drawn blind: 프레임마다 한 걸음에 함께 뽑혀 서로를 보지 못하는 코드의 쌍. 수가 둘이면 앞의 것이 같은 프레임의 "
        "쌍입니다.",
    "Press Compare. The takes are made one after another; each can be heard as soon as it is done.":
        "비교를 누르세요. 테이크를 차례로 만들고, 하나가 될 때마다 바로 들을 수 있습니다.",
    "Choose a sound, or make a take on Create and use that.":
        "소리를 고르거나, 만들기에서 테이크를 만들어 쓰세요.",
    "Choose a sound first, or make a take on Create and use that.":
        "먼저 소리를 고르거나, 만들기에서 테이크를 만들어 쓰세요.",
    "There is no take yet: make one on Create, or choose a sound here.":
        "아직 테이크가 없습니다. 만들기에서 하나 만들거나, 여기서 소리를 고르세요.",
    "The take is here; press the button to hear it book by book. It is encoded anew, so many of its codes differ from "
    "those the model drew.":
        "테이크를 가져왔습니다. 단추를 누르면 코드북마다 들을 수 있습니다. 소리를 다시 코드로 바꾸므로, 많은 코드가 "
        "모델이 뽑은 것과 다릅니다.",
    "Books 2 to 4 are those of half a second earlier. All four codes are there, yet it is hardly closer than book 1 "
    "alone, or farther: a correction is worth something only beside what it corrects.":
        "코드북 2~4는 0.5초 앞의 것입니다. 코드 네 개가 다 있지만, 코드북 1만 있을 때보다 거의 가까워지지 않거나 "
        "오히려 멀어집니다. 바로잡는 코드는 그것이 바로잡는 코드 곁에서만 쓸모가 있습니다.",
    "Waiting …": "기다리는 중 …", "Reading the sound …": "소리를 읽는 중 …", "Encoding …": "코드로 바꾸는 중 …",
    "Decoding from book 1 …": "코드북 1로 소리를 되살리는 중 …",
    "What this model is made of is known once it is loaded. Make a take with it, then come back.":
        "이 모델이 무엇으로 되어 있는지는 모델을 불러온 뒤에 알 수 있습니다. 먼저 테이크를 하나 만들어 보세요.",
    "Before a code is drawn, every code of its codebook gets two scores: one with what the model is told, one without. "
    "Look at one step of your take, and move the settings that make one distribution out of the two. The codes before "
    "it stay as they were drawn.":
        "코드를 뽑기 전에 그 코드북의 모든 코드가 점수를 받습니다. 모델에 전한 것을 넣고 한 번, 빼고 한 번. 테이크의 "
        "한 걸음을 들여다보고, 둘을 하나의 분포로 만드는 값을 움직여 보세요. 그 앞의 코드는 뽑힌 그대로입니다.",
    "<b>Told</b>: the code's probability with what the model is told. <b>Without</b>: its probability on the side that "
    "guidance leads away from, where the model is told nothing, a negative prompt or, if it is the bundled one, half "
    "of the words. <b>Prior</b>: how many times as likely as otherwise the code is by the plan of its frame alone; the "
    "logarithm of that is added to the scores, so many times as is set. <b>In the end</b>: after guidance, prior, "
    "temperature and top-k or top-p; the code is drawn from this. "
    "<b>The curve</b>: how far apart the first two are (Kullback-Leibler divergence, in nats).":
        "<b>전했을 때</b>: 모델에 전한 것을 넣은 코드의 확률. <b>없이</b>: 가이던스가 멀어지는 쪽의 확률로, 아무것도 "
        "전하지 않거나, 피할 프롬프트를 전하거나, 함께 들어 있는 모델은 글의 절반을 전합니다. <b>프라이어</b>: 그 "
        "프레임의 계획만 볼 때 코드가 평소보다 몇 배 그럴듯한지. 그 로그가 정한 만큼 점수에 더해집니다. <b>결과</b>: "
        "가이던스, 프라이어, 온도, top-k나 top-p를 거친 확률. 여기서 코드를 뽑습니다. <b>곡선</b>: 앞의 두 확률이 "
        "얼마나 다른지(쿨백-라이블러 발산, 내트).",
    "There is no take yet: make one on Create, then look inside it here.":
        "아직 테이크가 없습니다. 만들기에서 하나 만든 다음, 여기서 들여다보세요.",
    "This take was made with audio that is no longer here: give the file on Create, then press the button again.":
        "이 테이크를 만든 소리가 더는 없습니다. 먼저 만들기에서 파일을 주고 다시 누르세요.",
    "Reading the take again …": "테이크를 다시 읽는 중 …",
    "Choose a place in the take and a codebook.": "테이크의 한 곳과 코드북을 고르세요.",
    "What was read of this take is no longer here; press the button again.":
        "이 테이크에서 읽은 것이 더는 없습니다. 단추를 다시 누르세요.",
    "Too little of this take was made to look inside; make a longer one.":
        "들여다보기에는 테이크가 너무 짧습니다. 더 긴 것을 만드세요.",
    "The take does not go that far; look inside it from an earlier second on.":
        "이 테이크는 거기까지 만들어지지 않았습니다. 더 앞의 초부터 들여다보세요.",
    # takes and links
    "Nothing here yet. Every take that is finished or stopped on the Create tab is kept here.":
        "아직 아무것도 없습니다. 만들기에서 끝나거나 멈춘 테이크는 모두 여기에 남습니다.",
    "Choose a take: hear it, see it, share it.": "테이크를 고르세요. 듣고, 보고, 공유할 수 있습니다.",
    "1 take. Only this browser sees it, unless you share it.":
        "테이크 1개. 공유하지 않으면 이 브라우저에서만 보입니다.",
    "One of your takes.": "내 테이크입니다.",
    "Your last take.": "마지막에 만든 테이크입니다.",
    "Somebody shared this take with you.": "누군가 공유한 테이크입니다.",
    "The settings of the link are filled in; Generate makes the take again.":
        "링크의 설정을 채웠습니다. 생성을 누르면 테이크를 다시 만듭니다.",
    "The settings of the file are filled in; Generate makes the take again.":
        "파일의 설정을 채웠습니다. 생성을 누르면 테이크를 다시 만듭니다.",
    "This is not a recipe of MusicGen Studio: it has no prompt and no seed.":
        "MusicGen Studio의 레시피가 아닙니다. 프롬프트와 시드가 없습니다.",
    "There is no such take here: the link may be wrong or no longer shared, or the take was deleted.":
        "그런 테이크가 없습니다. 링크가 틀렸거나, 공유가 끝났거나, 테이크가 삭제되었을 수 있습니다.",
    "No takes are kept here; ask for a link to the settings instead.":
        "이곳은 테이크를 보관하지 않습니다. 설정의 링크를 받으세요.",
    "This browser has no takes yet; reload the page.":
        "이 브라우저에는 아직 테이크가 없습니다. 페이지를 새로 고치세요.",
    "This link cannot be read: it was cut off or changed on its way; ask for it again.":
        "링크가 잘렸거나 바뀌어 읽을 수 없습니다. 다시 받으세요.",
    "Besides the words, this is set:": "글 외에 정해진 것:",
    # what cannot be made
    "The melody is silent; choose a file or a recording in which something can be heard.":
        "선율에 아무 소리도 없습니다. 소리가 들리는 파일이나 녹음을 고르세요.",
    "The audio to continue is silent; choose a file or a recording in which something can be heard.":
        "이어갈 소리에 아무 소리도 없습니다. 소리가 들리는 파일이나 녹음을 고르세요.",
    "The sound is silent; choose a file or a recording in which something can be heard.":
        "아무 소리도 없습니다. 소리가 들리는 파일이나 녹음을 고르세요.",
    "The painted notes cannot be read; clear them and paint again.":
        "칠한 음을 읽을 수 없습니다. 지우고 다시 칠하세요.",
    "The guidance must lie between 0 and 20; 3 is usual, 1 switches it off.":
        "가이던스는 0에서 20 사이입니다. 보통은 3이고, 1이면 꺼집니다.",
    "The prior's weight must lie between 0, which is off, and 10.":
        "프라이어의 무게는 0에서 10 사이입니다. 0이면 꺼집니다.",
    "Ask for 1 to 4 takes at a time.": "한 번에 테이크를 1개에서 4개까지 만들 수 있습니다.",
    "Compare takes of at most 20 seconds.": "비교는 20초까지 할 수 있습니다.",
}

# What stands after a name or a number, or before one.
PARTS = {
    " is empty (0 bytes); choose another file, or record again.":
        ": 비어 있습니다(0바이트). 다른 파일을 고르거나 다시 녹음하세요.",
    " is not audio that this program can read; use WAV, FLAC, MP3, OGG, M4A or WebM.":
        ": 읽을 수 있는 소리가 아닙니다. WAV, FLAC, MP3, OGG, M4A, WebM을 쓰세요.",
    " is not an audio file that holds a recipe.": ": 레시피가 든 소리 파일이 아닙니다.",
    " holds no recipe; choose a file that was made and saved by this program.":
        ": 레시피가 없습니다. 이 프로그램이 만들어 저장한 파일을 고르세요.",
    " holds no sound at all (0 samples); choose another file, or record again.":
        ": 소리가 전혀 없습니다. 다른 파일을 고르거나 다시 녹음하세요.",
    " contains values that are not numbers (NaN or infinity); save it again.":
        ": 수가 아닌 값이 들어 있습니다. 다시 저장하세요.",
    " lasts longer than 600 s, the most that is accepted; cut it to a shorter part.":
        ": 받을 수 있는 600초보다 깁니다. 더 짧게 자르세요.",
    " is too large once decoded; save it at 44100 Hz, or cut it to a shorter part.":
        ": 풀면 너무 큽니다. 44100 Hz로 저장하거나 더 짧게 자르세요.",
    " is not a key; write one such as 'C major', 'A minor' or 'F# minor'.":
        ": 조성이 아닙니다. 'C major', 'A minor', 'F# minor'처럼 쓰세요.",
    " takes. Only this browser sees them, unless you share one.":
        "개의 테이크. 공유하지 않으면 이 브라우저에서만 보입니다.",
    ": one model for all seven mono patterns, told at every step which codes the step holds. About two thirds of the "
    "music it learned from came in the order of delay, about 2 % in that of flattening. So takes and figures show what "
    "this model does with each pattern, not how good the patterns are. For that, see the paper's figures, where each "
    "pattern had a model of its own.":
        ": 모노 패턴 일곱 가지를 모델 하나가 배웠고, 걸음마다 무엇이 들어 있는지 전해 듣습니다. 배운 음악의 약 3분의 "
        "2는 delay, 약 2 %는 flattening 순서였습니다. 그래서 테이크와 수치는 이 모델이 패턴마다 무엇을 하는지 보여 줄 "
        "뿐, 패턴이 얼마나 좋은지 보여 주지는 않습니다. 그것은 패턴마다 따로 학습한 모델을 쓴 논문의 수치를 보세요.",
    "The take is now the beginning; change the words if you like. Generate goes on from it, to a length in all of ":
        "이제 테이크가 시작 부분입니다. 원하면 글을 바꾸세요. 생성을 누르면 이어집니다. 전체 길이: ",
    "This model reads the words, and after them: ": "이 모델은 글을 읽고, 이어서 다음을 읽습니다: ",
    ", time left: ": ", 남은 시간: ",
    " bars, ": "마디, ",
}
